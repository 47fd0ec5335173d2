import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedPostgres } from '../harness/shared-servers.js';
import { type Outcome, shown } from './outcome.js';
import { runWithPsql } from './psql.js';
import { RANDOM_TABLES, randomQuery } from './random-query.js';

const QUERIES = Number(process.env['POLYLOG_RANDOM_QUERIES'] ?? (process.env['POLYLOG_LONG'] ? 5_000 : 500));
/** POLYLOG_RANDOM_SEED repeats a run; the seed of a query that differs stands before it. */
const FIRST_SEED = Number(process.env['POLYLOG_RANDOM_SEED'] ?? 1);

describe('random queries', () => {
  let node: PolylogNode;
  beforeAll(async () => {
    node = await startPolylog();
  }, 60_000);
  afterAll(() => node.remove());

  it('answer as PostgreSQL does', async () => {
    const postgres = await sharedPostgres();
    const database = 'differential_random';
    const queries = Array.from({ length: QUERIES }, (_, i) => randomQuery(FIRST_SEED + i));
    await runWithPsql(postgres, [`drop database if exists ${database}`, `create database ${database}`]);
    const [found, wanted] = await Promise.all([
      runWithPsql({ ...node, port: node.postgresPort }, [...RANDOM_TABLES, ...queries]),
      runWithPsql({ ...postgres, database }, [...RANDOM_TABLES, ...queries]),
    ]);
    for (const [i, statement] of RANDOM_TABLES.entries())
      expect({ statement, error: found[i]?.error }).toEqual({ statement, error: '' });
    const differing = queries.flatMap((query, i) => {
      const at = RANDOM_TABLES.length + i;
      const pair = [found, wanted].map((outcomes) => shown(query, outcomes[at] as Outcome));
      return pair[0]?.join('\n') === pair[1]?.join('\n') ? [] : [{ query: `${FIRST_SEED + i}: ${query}`, pair }];
    });
    const first = differing.slice(0, 3);
    expect(first.map(({ query, pair }) => ({ query, answer: pair[0], of: differing.length }))).toEqual(
      first.map(({ query, pair }) => ({ query, answer: pair[1], of: 0 })),
    );
  }, 600_000);
});
