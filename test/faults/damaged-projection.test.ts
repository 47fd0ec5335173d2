/** Files of the projections that are damaged or gone while the node is stopped: the start names them, and builds the projection anew from the log. */
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { psql, targetOf } from '../harness/client-programs.js';
import { polylogCommand } from '../harness/command-line.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';

const BACK_TIMEOUT_MS = 40_000;

function flipMiddle(path: string): void {
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

interface Damage {
  readonly name: 'ingestion' | 'olap';
  readonly file: RegExp;
  readonly damage: (path: string) => void;
  /** Behind the path. */
  readonly said: string;
}

/** The first file below a folder whose path ends so. */
function fileBelow(folder: string, ending: RegExp): string {
  const [found] = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => ending.test(path));
  if (found === undefined) throw new Error(`nothing below ${folder} matches ${ending}`);
  return join(folder, found);
}

describe('a node whose projections are damaged', () => {
  let node: PolylogNode;

  beforeAll(async () => {
    node = await startPolylog();
    await psql(targetOf(node), '-q', '-c', 'create table t (n int primary key, note text)');
    await psql(targetOf(node), '-q', '-c', "insert into t select n, 'note ' || n from generate_series(1, 2000) n");
  }, 60_000);
  afterAll(() => node?.remove(), 60_000);

  /** Projections come up when clients may connect already. */
  async function verified(): Promise<void> {
    for (const end = Date.now() + BACK_TIMEOUT_MS; ; await sleep(50)) {
      const outcome = await polylogCommand('verify', '--data', node.dataDirectory);
      if (/does not run/.test(outcome.stderr) && Date.now() < end) continue;
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      return;
    }
  }

  it.each<readonly Damage[]>([
    [
      { name: 'ingestion', file: /schemas\.json$/, damage: flipMiddle, said: 'is damaged: its checksum is wrong' },
      { name: 'olap', file: /schemas\.json$/, damage: rmSync, said: 'is missing' },
    ],
    [
      {
        name: 'ingestion',
        file: /data\.mdb$/,
        damage: (path) => truncateSync(path, 12_288),
        said: 'has 12288 bytes and should have',
      },
      { name: 'olap', file: /^manifest\.json$/, damage: flipMiddle, said: 'is damaged: its checksum is wrong' },
    ],
    [{ name: 'olap', file: /manifest-\d+\.json$/, damage: flipMiddle, said: 'is damaged: its checksum is wrong' }],
    [{ name: 'olap', file: /\.parquet$/, damage: rmSync, said: 'is missing' }],
  ])(
    'names what is damaged and builds it anew, %#',
    async (...damages) => {
      await verified();
      await node.stop();
      const paths = damages.map(({ name, file }) => fileBelow(join(node.dataDirectory, name), file));
      for (const [i, { damage }] of damages.entries()) damage(paths[i] as string);
      await node.restart();
      await psql(targetOf(node), '-q', '-c', 'update t set note = null where n = 1');
      await verified();
      const lines = node
        .output()
        .split('\n')
        .filter((each) => each.includes('built anew'));
      for (const [i, { said }] of damages.entries())
        expect(lines).toContainEqual(expect.stringContaining(`${paths[i]} ${said}`));
    },
    60_000,
  );
});
