import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { projectRoot } from '../harness/project-root.js';

const root = projectRoot();
const FOLDERS = ['schemas', 'log', 'engines', 'projections', 'gateways', 'ops', 'test'];
const README_LINES_MAX = 50;

/** Names that say nothing, and so collect everything. */
const NAMELESS = /^(utils?|helpers?|common|misc|managers?|shared|index)(\.ts)?$/;

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

function filesBelow(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
}

const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...[...FOLDERS, 'docs'].flatMap(filesBelow).filter((name) => name.endsWith('.md')),
];
const sources = FOLDERS.flatMap(filesBelow).filter((name) => name.endsWith('.ts'));

/** Paths of the clone that a document names in code marks, without globs and placeholders. */
function namedPaths(text: string): string[] {
  const marked = [...text.matchAll(/`([\w.@-]+(?:\/[\w.@-]+)*\/?)`/g)].map((match) => match[1] ?? '');
  const inFolders = new RegExp(`^(${[...FOLDERS, 'docs', 'scripts', '.ci'].join('|')})(/|$)`);
  return marked.filter((path) => inFolders.test(path) || /^(\.?[\w-]+\.)+(json|cjs|mjs|md)$/.test(path));
}

function linkedPaths(document: string, text: string): string[] {
  const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1] ?? '');
  return links.filter((link) => !/^[a-z]+:/.test(link)).map((link) => normalize(join(dirname(document), link)));
}

describe('documents', () => {
  it.each(documents)('%s names and links only paths that exist', (document) => {
    const text = read(document);
    const paths = [...namedPaths(text), ...linkedPaths(document, text)];
    // A folder's README also names what stands beside it.
    const exists = (path: string) => existsSync(join(root, path)) || existsSync(join(root, dirname(document), path));
    expect(paths.filter((path) => !exists(path))).toEqual([]);
  });

  it.each(FOLDERS)('%s has a README of one screen: purpose, who may import it, invariants', (folder) => {
    const text = read(`${folder}/README.md`);
    expect(text.split('\n').length).toBeLessThanOrEqual(README_LINES_MAX);
    expect(text.startsWith(`# ${folder}\n`)).toBe(true);
    expect(text).toContain('**Who may import it:**');
    expect(text).toContain('**Invariants**');
  });

  it('number each decision once, with context, options, choice and accepted costs', () => {
    const decisions = filesBelow('docs/decisions').sort();
    const numbers = decisions.map((name) => basename(name).slice(0, 4));
    expect(numbers.filter((number, i) => !/^\d{4}$/.test(number) || number === numbers[i - 1])).toEqual([]);
    const parts = ['## Context', '## Options', '## Choice', '## Accepted costs'];
    const incomplete = decisions.filter((name) => !parts.every((part) => read(name).includes(part)));
    expect(incomplete).toEqual([]);
  });
});

describe('sources', () => {
  it('are found', () => {
    expect(sources.length).toBeGreaterThan(50);
  });

  it('stand under names that say what they hold', () => {
    expect(sources.filter((path) => path.split('/').some((part) => NAMELESS.test(part)))).toEqual([]);
  });

  it('silence neither the compiler nor a test, and promise nothing for later', () => {
    // `missing ? describe.skip : describe` is allowed: it says what is missing, and runs where that is there.
    const forbidden =
      /@ts-(ignore|nocheck|expect-error)|\bas unknown as\b|(?<!\? )\b(it|test|describe)\.(only|skip|todo)\b|\b(TODO|FIXME|XXX)\b/;
    const own = 'test/tidy/tidy.test.ts';
    expect(sources.filter((path) => path !== own && forbidden.test(read(path)))).toEqual([]);
  });
});
