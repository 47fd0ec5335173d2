/** `polylog log`: what stands in the log, decoded, for people (a line an event) and for programs (JSON). */
import { psql, type Target, targetOf } from '../harness/client-programs.js';
import { polylogCommand, startPolylogCommand } from '../harness/command-line.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';

interface JsonEvent {
  readonly offset: number;
  readonly kind: string;
  readonly op: string;
  readonly transaction: string;
  readonly row: readonly unknown[] | null;
  readonly commit: { readonly events: number } | null;
}

/** `log` gives what `--log` says, once the servers that it needs are there. */
export function eventLogSuite(title: string, log: () => Promise<string>): void {
  describe(title, () => {
    let node: PolylogNode;
    let target: Target;

    beforeAll(async () => {
      node = await startPolylog({ log: await log() });
      target = targetOf(node);
      await psql(target, '-q', '-c', 'create table told (id int primary key, said text, due date, price numeric(8,2))');
      await psql(target, '-q', '-c', "insert into told values (1, 'it''s', '2024-02-29', 1.50), (2, null, null, null)");
      await psql(target, '-q', '-c', "update told set said = 'new' where id = 2");
      await psql(target, '-q', '-c', 'delete from told where id = 1');
    }, 120_000);

    afterAll(() => node?.remove(), 60_000);

    const print = async (...args: string[]): Promise<string[]> => {
      const { code, stdout, stderr } = await polylogCommand('log', '--data', node.dataDirectory, ...args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return stdout.split('\n').slice(0, -1);
    };

    it('prints the versions of a table with their columns, and where transactions end', async () => {
      const lines = (await print('--table', 'told')).map((line) => line.replace(/^ *\d+ \S+ /, '').replace(/ +/g, ' '));
      const commit = (events: number): string => `✓ commit [0-9a-f-]{36} \\(${events}\\)`;
      const patterns = [
        "insert polylog\\.public\\.told id=1 said=it's due=2024-02-29 price=1\\.50",
        `insert polylog\\.public\\.told id=2 said=null due=null price=null ${commit(2)}`,
        `update polylog\\.public\\.told id=2 said=new due=null price=null ${commit(1)}`,
        `delete polylog\\.public\\.told .*${commit(1)}`,
      ];
      expect(lines).toEqual(patterns.map((pattern) => expect.stringMatching(new RegExp(`^${pattern}$`))));
    }, 30_000);

    it('prints every event there is, from the beginning or an offset on, one offset after the other', async () => {
      const all = await print();
      const offsets = all.map((line) => Number(line.trimStart().split(' ')[0]));
      expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
      expect(new Set(offsets).size).toBe(offsets.length);
      expect(all.some((line) => line.includes('lease taken'))).toBe(true);
      const from = offsets[5] ?? 0;
      expect(await print('--from', String(from))).toEqual(all.slice(5));
    }, 30_000);

    it('prints JSON for programs', async () => {
      const events = (await print('--json', '--table', 'public.told')).map((line) => JSON.parse(line) as JsonEvent);
      expect(events.map(({ kind, op }) => [kind, op])).toEqual([
        ['row', 'insert'],
        ['row', 'insert'],
        ['row', 'update'],
        ['row', 'delete'],
      ]);
      expect(events[0]?.transaction).toBe(events[1]?.transaction);
      expect(events.map(({ commit }) => commit?.events ?? null)).toEqual([null, 2, 1, 1]);
    }, 30_000);

    it('follows with -f what is committed meanwhile, until it is interrupted', async () => {
      const following = startPolylogCommand('log', '-f', '--table', 'told', '--data', node.dataDirectory);
      await following.until(/delete polylog\.public\.told/);
      await psql(target, '-q', '-c', "insert into told values (3, 'later')");
      await following.until(/insert polylog\.public\.told id=3 said=later/);
      following.kill('SIGINT');
      expect((await following.ended).code).toBe(0);
    }, 30_000);

    it('prints the same when the node does not run', async () => {
      const before = await print('--table', 'told');
      await node.stop();
      expect(await print('--table', 'told')).toEqual(before);
      await node.restart();
    }, 60_000);
  });
}
