/**
 * pgbench, which everybody has: it makes its tables, and its three built-in scripts run without an error in each of its
 * modes. What it leaves behind balances: every delta that was acknowledged stands once in each of four tables.
 */
import { pgbench, query, type Target, targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';

export interface PgbenchSize {
  readonly scale: number;
  readonly seconds: number;
  readonly clients: number;
}

const MODES = ['simple', 'extended', 'prepared'] as const;
const SCRIPTS = ['tpcb-like', 'simple-update', 'select-only'] as const;
const ACCOUNTS_EACH = 100_000;

/** Sums of what the tables hold, in this order: accounts, branches, tellers, history. */
const BALANCES = `select (select sum(abalance) from pgbench_accounts), (select sum(bbalance) from pgbench_branches),
  (select sum(tbalance) from pgbench_tellers), (select coalesce(sum(delta), 0) from pgbench_history)`;

async function balances(target: Target): Promise<string[]> {
  const [row = ''] = await query(target, BALANCES);
  return row.split('|');
}

/** The transactions that pgbench says it did; fails where it reports one that failed or any error. */
function processed(report: string): number {
  expect(report).not.toMatch(/error|aborted/i);
  expect(report).toContain('number of failed transactions: 0 ');
  return Number(/actually processed: (\d+)/.exec(report)?.[1] ?? 0);
}

/** `log` gives what `--log` says, once the servers that it needs are there. */
export function pgbenchSuite(
  title: string,
  log: () => Promise<string>,
  { scale, seconds, clients }: PgbenchSize,
): void {
  describe(title, () => {
    let node: PolylogNode;
    let target: Target;
    let written = 0;

    beforeAll(async () => {
      node = await startPolylog({ log: await log() });
      target = targetOf(node);
    }, 120_000);

    afterAll(() => node?.remove(), 60_000);

    const load = async (script: string, mode: string): Promise<number> => {
      const size = ['-c', String(clients), '-T', String(seconds)];
      const count = processed(await pgbench(target, '-n', '-b', script, '-M', mode, ...size));
      if (script !== 'select-only') written += count;
      return count;
    };

    it('makes and fills its tables', async () => {
      await pgbench(target, '-i', '-q', '-s', String(scale));
      expect(await query(target, 'select count(*) from pgbench_accounts')).toEqual([String(scale * ACCOUNTS_EACH)]);
    }, 300_000);

    // In this order: only the first script touches all four tables, so what it leaves must balance before the others run.
    for (const script of SCRIPTS) {
      it.each(MODES)(
        `runs ${script} in %s mode without an error`,
        async (mode) => {
          expect(await load(script, mode)).toBeGreaterThan(0);
        },
        (seconds + 60) * 1_000,
      );

      it(`balances after ${script}`, async () => {
        const [accounts, branches, tellers, history] = await balances(target);
        expect(history).toBe(accounts);
        expect(tellers).toBe(branches);
        if (script === 'tpcb-like') expect(branches).toBe(accounts);
        expect(await query(target, 'select count(*) from pgbench_history')).toEqual([String(written)]);
      }, 60_000);
    }

    it('holds all of it after kill -9 of every process', async () => {
      const before = await balances(target);
      await node.kill9();
      await node.restart();
      expect(await balances(target)).toEqual(before);
      expect(await query(target, 'select count(*) from pgbench_history')).toEqual([String(written)]);
    }, 180_000);
  });
}
