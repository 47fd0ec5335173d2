import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '../harness/project-root.js';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.js';

/**
 * Each kind of import that the arrows forbid, and the rule that has to find it. The module imported is there, so that it
 * is the arrow that is broken and not the path.
 */
const VIOLATIONS: ReadonlyArray<readonly [rule: string, from: string, to: string]> = [
  ['arrow-schemas', 'schemas/kernel/planted.ts', '#log/target.js'],
  ['arrow-log', 'log/planted.ts', '#engines/target.js'],
  ['arrow-engines', 'engines/planted.ts', '#gateways/target.js'],
  ['arrow-engines', 'engines/relative.ts', '../projections/target.js'],
  ['arrow-engines-tests', 'engines/planted.test.ts', '#gateways/target.js'],
  ['arrow-projections', 'projections/planted.ts', '#engines/target.js'],
  ['arrow-gateways', 'gateways/planted.ts', '#engines/target.js'],
  ['arrow-gateways', 'gateways/postgres/logging.ts', '#log/target.js'],
  ['arrow-ops', 'ops/planted.ts', '#test/target.js'],
  ['protocol-mysql', 'gateways/mysql/planted.ts', '../postgres/target.js'],
  ['shared-gateway-parts', 'gateways/sql/planted.ts', '../postgres/target.js'],
  ['home-avsc', 'engines/avro.ts', 'avsc'],
  ['home-classic-level', 'log/level.ts', 'classic-level'],
  ['home-fastify', 'schemas/registry/routes.ts', 'fastify'],
  ['home-msgpackr', 'gateways/link/pack.ts', 'msgpackr'],
  ['home-confluentinckafka-javascript', 'ops/kafka.ts', '@confluentinc/kafka-javascript'],
  ['no-development-library-at-run-time', 'engines/random.ts', 'fast-check'],
  ['not-resolvable', 'engines/lost.ts', './nowhere.js'],
];

const ALLOWED: ReadonlyArray<readonly [from: string, to: string]> = [
  ['log/allowed.ts', '#schemas/target.js'],
  ['engines/allowed.ts', '#log/target.js'],
  ['ops/allowed.ts', '#engines/target.js'],
  ['test/allowed.ts', '#ops/target.js'],
  ['engines/allowed.test.ts', '#test/harness/target.js'],
  ['engines/rows/allowed.ts', 'classic-level'],
];

const TARGETS = [
  'schemas',
  'log',
  'engines',
  'projections',
  'gateways',
  'gateways/postgres',
  'ops',
  'test',
  'test/harness',
];

describe('the boundary check', () => {
  let tree: TemporaryDirectory;
  const write = (path: string, text: string): void => {
    mkdirSync(join(tree.path, dirname(path)), { recursive: true });
    writeFileSync(join(tree.path, path), text);
  };
  const check = (): { status: number | null; said: string } => {
    const script = join(projectRoot(), 'scripts', 'boundaries.mjs');
    const { status, stderr, stdout } = spawnSync(process.execPath, [script, tree.path], { encoding: 'utf8' });
    return { status, said: stderr + stdout };
  };

  beforeEach(() => {
    const root = projectRoot();
    tree = temporaryDirectory('boundaries');
    for (const name of ['package.json', '.dependency-cruiser.cjs'])
      copyFileSync(join(root, name), join(tree.path, name));
    for (const name of ['node_modules', 'scripts']) symlinkSync(join(root, name), join(tree.path, name));
    for (const folder of TARGETS) write(`${folder}/target.ts`, 'export const value = 1;\n');
  });
  afterEach(() => tree.remove());

  it('finds every kind of planted violation, type imports too', () => {
    for (const [, from, to] of VIOLATIONS)
      write(from, `import type { value } from '${to}';\nexport type V = typeof value;\n`);
    const { status, said } = check();
    const missed = VIOLATIONS.filter(([rule, from]) => !said.includes(`${rule}: ${from} imports `));
    expect(missed).toEqual([]);
    expect(status).toBe(1);
  }, 30_000);

  it('passes what follows the arrows', () => {
    for (const [from, to] of ALLOWED) write(from, `import { value } from '${to}';\nexport const v = value;\n`);
    const { status, said } = check();
    expect(said).toBe(`boundaries: ${TARGETS.length + ALLOWED.length} modules, 0 violations\n`);
    expect(status).toBe(0);
  }, 30_000);

  it('fails where there is nothing to read', () => {
    const empty = temporaryDirectory('empty');
    const script = join(projectRoot(), 'scripts', 'boundaries.mjs');
    const { status } = spawnSync(process.execPath, [script, empty.path], { encoding: 'utf8' });
    empty.remove();
    expect(status).toBe(1);
  }, 30_000);
});
