import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { javaAtLeast } from '../harness/java.js';
import { jdbcClassPath } from '../harness/jdbc-drivers.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { projectRoot } from '../harness/project-root.js';
import { sharedPostgres } from '../harness/shared-servers.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';
import { CASES } from './cases.js';
import type { Server } from './server.js';

const HARNESS = join(projectRoot(), 'test', 'drivers');

/** The cases as lines: type, tab, text. */
function casesFile(folder: string): string {
  const path = join(folder, 'cases.tsv');
  const escaped = (text: string): string =>
    text.replaceAll('\\', '\\b').replaceAll('\t', '\\t').replaceAll('\n', '\\n');
  const lines = CASES.flatMap(({ type, texts }) => texts.map((text) => `${type}\t${escaped(text)}\n`));
  writeFileSync(path, lines.join(''));
  return path;
}

describe('pgjdbc', () => {
  const scratch = temporaryDirectory('pgjdbc');
  let node: PolylogNode;

  beforeAll(async () => {
    node = await startPolylog();
  }, 60_000);

  afterAll(async () => {
    await node?.remove();
    rmSync(scratch.path, { recursive: true, force: true });
  });

  function observe({ host, port, database, user, password }: Server): string[] {
    const url = `jdbc:postgresql://${host}:${port}/${database}`;
    const program = join(HARNESS, 'PgJdbcClient.java');
    const classPath = jdbcClassPath('pgjdbc');
    const java = javaAtLeast(17);
    const options = ['-Duser.timezone=Europe/Berlin', '-Dfile.encoding=UTF-8', '-cp', classPath, program];
    const printed = execFileSync(java, [...options, url, user, password, casesFile(scratch.path)], {
      encoding: 'utf8',
    });
    // How many pages and rows an index takes is the storage's own affair.
    return printed
      .replace(/CARDINALITY=-?\d+, PAGES=\d+/g, 'CARDINALITY=?, PAGES=?')
      .trimEnd()
      .split('\n');
  }

  it('sees what it sees of PostgreSQL', async () => {
    const expected = observe(await sharedPostgres());
    expect(expected.length).toBeGreaterThan(150);
    expect(observe({ ...node, port: node.postgresPort })).toEqual(expected);
  }, 180_000);
});
