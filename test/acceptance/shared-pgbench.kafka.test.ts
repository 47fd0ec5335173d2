/** pgbench on two nodes of one Kafka log at once, half of the clients on each: no client meets an error that it does not repeat, and what is left balances on both. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pgbench, query, targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedKafka } from '../harness/shared-servers.js';

const WITHIN_MS = 30_000;
/** Nobody gives up: with a single branch all clients write one row, and more often than not another node's came before. */
const TRIES = 1_000;
const SIZE = ['-n', '-c', '4', '-T', '2', '--max-tries', String(TRIES)];

/** Sums of accounts, branches, tellers, history, and how many transactions the history tells of. */
const BALANCES = `select (select sum(abalance) from pgbench_accounts), (select sum(bbalance) from pgbench_branches),
  (select sum(tbalance) from pgbench_tellers), (select coalesce(sum(delta), 0) from pgbench_history), (select count(*) from pgbench_history)`;

describe('pgbench on two nodes that share a Kafka log', () => {
  let nodes: readonly PolylogNode[] = [];
  let written = 0;

  beforeAll(async () => {
    const log = `kafka://${(await sharedKafka()).bootstrap}/acceptance-shared-pgbench`;
    const flags = ['--server-id', 'auto', '--projections', 'none'];
    nodes = await Promise.all([startPolylog({ log, flags }), startPolylog({ log, flags })]);
    const [one] = nodes as [PolylogNode];
    await pgbench(targetOf(one), '-i', '-q', '-s', '1');
  }, 180_000);

  afterAll(() => Promise.all(nodes.map((node) => node.remove())), 60_000);

  const runOnBoth = async (...what: readonly string[]): Promise<number> => {
    const reports = await Promise.all(nodes.map((node) => pgbench(targetOf(node), ...SIZE, ...what)));
    const counts = reports.map((report) => {
      expect(report).not.toMatch(/error:|aborted/i);
      expect(report).toContain('number of failed transactions: 0 ');
      return Number(/actually processed: (\d+)/.exec(report)?.[1] ?? 0);
    });
    expect(Math.min(...counts)).toBeGreaterThan(0);
    return counts.reduce((sum, count) => sum + count, 0);
  };

  /** Both have met all that was acknowledged, and agree. */
  const balances = async (): Promise<string[]> => {
    for (const end = Date.now() + WITHIN_MS; ; await sleep(50)) {
      const found = await Promise.all(nodes.map(async (node) => (await query(targetOf(node), BALANCES))[0] ?? ''));
      const told = found.map((row) => row.split('|').at(-1));
      if (told.every((count) => count === String(written)) || Date.now() > end) {
        expect(told).toEqual(nodes.map(() => String(written)));
        expect(new Set(found).size).toBe(1);
        return (found[0] as string).split('|');
      }
    }
  };

  it.each(['prepared', 'simple'])(
    'runs tpcb-like in %s mode, and balances',
    async (mode) => {
      written += await runOnBoth('-b', 'tpcb-like', '-M', mode);
      const [accounts, branches, tellers, history] = await balances();
      expect([branches, tellers, history]).toEqual([accounts, accounts, accounts]);
    },
    120_000,
  );

  it('runs simple-update, and balances', async () => {
    written += await runOnBoth('-b', 'simple-update', '-M', 'prepared');
    const [accounts, , , history] = await balances();
    expect(history).toBe(accounts);
  }, 120_000);

  it('runs select-only', async () => {
    expect(await runOnBoth('-b', 'select-only', '-M', 'prepared')).toBeGreaterThan(0);
  }, 120_000);
});
