import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { projectRoot } from '../harness/project-root.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

const lines = (count: number): string => 'console;\n'.repeat(count);

/** A file for each rule of our own, and whether the rule has to find something in it. */
const PLANTED: ReadonlyArray<readonly [rule: string, path: string, text: string, found: boolean]> = [
  ['noExcessiveLinesPerFile', 'engines/long-file.ts', lines(501), true],
  ['noExcessiveLinesPerFile', 'engines/just-right.ts', lines(499), false],
  ['noExcessiveLinesPerFunction', 'engines/long.ts', `export function long(): void {\n${lines(71)}}\n`, true],
  ['noExcessiveLinesPerFunction', 'engines/short.ts', `export function short(): void {\n${lines(60)}}\n`, false],
  ['useFilenamingConvention', 'engines/camelCase.ts', 'export const a = 1;\n', true],
  ['noRestrictedGlobals', 'engines/clock.ts', 'export const now = () => new Date();\n', true],
  ['noRestrictedGlobals', 'gateways/timer.ts', 'setTimeout(() => {}, 1);\n', true],
  ['noRestrictedGlobals', 'schemas/exit.ts', 'process.exit(1);\n', true],
  ['noRestrictedGlobals', 'ops/clock.ts', 'export const now = () => new Date();\n', false],
  ['noBarrelFile', 'log/barrel.ts', "export * from './change-log.js';\n", true],
  ['noImportCycles', 'log/one.ts', "import { b } from './two.js';\nexport const a = (): number => b();\n", true],
  ['noImportCycles', 'log/two.ts', "import { a } from './one.js';\nexport const b = (): number => a();\n", true],
  ['noFloatingPromises', 'log/floating.ts', 'const f = async () => 1;\nexport function g(): void {\n  f();\n}\n', true],
];

describe('the linter', () => {
  const tree = temporaryDirectory('linter');
  let found: ReadonlySet<string>;

  beforeAll(() => {
    for (const name of ['biome.json', '.gitignore']) copyFileSync(join(projectRoot(), name), join(tree.path, name));
    for (const [, path, text] of PLANTED) {
      mkdirSync(join(tree.path, dirname(path)), { recursive: true });
      writeFileSync(join(tree.path, path), text);
    }
    const biome = join(projectRoot(), 'node_modules', '.bin', 'biome');
    const args = ['lint', '--colors=off', '--max-diagnostics=none', '--reporter=github', '.'];
    const { stdout } = spawnSync(biome, args, { cwd: tree.path, encoding: 'utf8', maxBuffer: 64 << 20 });
    const reports = stdout.matchAll(/title=lint\/\w+\/(\w+),file=([^,]+)/g);
    found = new Set([...reports].map(([, rule, path = '']) => `${rule} ${relative(tree.path, path)}`));
  });
  afterAll(() => tree.remove());

  it.each(PLANTED)('%s in %s', (rule, path, _text, expected) => {
    expect(found.has(`${rule} ${path}`)).toBe(expected);
  });
});
