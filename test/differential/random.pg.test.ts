import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { type SharedPostgres, sharedPostgres } from '../harness/shared-servers.js';
import { type Outcome, shown } from './outcome.js';
import { runWithPsql } from './psql.js';
import { RANDOM_TABLES, randomQuery } from './random-query.js';

const QUERIES = Number(process.env['POLYLOG_RANDOM_QUERIES'] ?? 300);
/** POLYLOG_RANDOM_SEED repeats a run; the seed of a query that differs stands before it. */
const FIRST_SEED = Number(process.env['POLYLOG_RANDOM_SEED'] ?? 1);
const DATABASE = 'differential_random';

let postgres: SharedPostgres;
let node: PolylogNode;

beforeAll(async () => {
  [postgres, node] = await Promise.all([sharedPostgres(), startPolylog()]);
}, 120_000);

afterAll(() => node?.remove());

describe('random queries', () => {
  it('answer as PostgreSQL does', () => {
    const queries = Array.from({ length: QUERIES }, (_, i) => randomQuery(FIRST_SEED + i));
    const answers = (server: SharedPostgres): Outcome[] => {
      runWithPsql(server, [`drop database if exists ${DATABASE}`, `create database ${DATABASE}`]);
      const outcomes = runWithPsql({ ...server, database: DATABASE }, [...RANDOM_TABLES, ...queries]);
      expect(outcomes.slice(0, RANDOM_TABLES.length).map(({ error }) => error)).toEqual(RANDOM_TABLES.map(() => ''));
      return outcomes.slice(RANDOM_TABLES.length);
    };
    const wanted = answers(postgres);
    const found = answers({ ...node, port: node.postgresPort });
    const differing = queries.flatMap((query, i) => {
      const [a, b] = [shown(query, found[i] as Outcome), shown(query, wanted[i] as Outcome)];
      return a.join('\n') === b.join('\n') ? [] : [{ query: `${FIRST_SEED + i}: ${query}`, found: a, wanted: b }];
    });
    expect(differing.slice(0, 3).map(({ query, found: answer }) => ({ query, answer }))).toEqual(
      differing.slice(0, 3).map(({ query, wanted: answer }) => ({ query, answer })),
    );
  }, 120_000);
});
