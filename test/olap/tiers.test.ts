import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { corpus, type Outcome, shown } from '../differential/outcome.js';
import { runWithPsql } from '../differential/psql.js';
import { RANDOM_TABLES, randomQuery } from '../differential/random-query.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { ANALYTIC_QUERIES } from './analytic-queries.js';
import { columnQueries, edgeQueries } from './edge-queries.js';
import { EDGE_TABLES } from './edge-tables.js';
import { ORDER_QUERIES } from './order-queries.js';
import { ORDER_TABLES } from './order-tables.js';
import { PREPARED } from './prepared-statements.js';
import { randomAnalytics } from './random-analytics.js';

const IS_LONG = process.env['POLYLOG_LONG'] !== undefined;
const RANDOM_QUERIES = IS_LONG ? 3_000 : 60;
/** Neighbours are much alike: one of five is asked where time is short. */
const some = (queries: readonly string[]): string[] => queries.filter((_, i) => IS_LONG || i % 5 === 0);
/** Of those written for the comparison with PostgreSQL, the ones that only read. */
const FILES = ['select', 'joins', 'aggregates', 'subqueries', 'sets', 'with', 'windows', 'queries'];
const READS = /^(?:select|with|values|\()/i;
const WRITES = /\b(?:insert|update|delete)\b|\bfor (?:update|share)/i;

/** One session takes this many: a failure that ends it hides no others. */
const SESSION = 200;

const AVERAGE_WITHIN = '0A000 the OLAP tier cannot run this query: it does not compute avg below other operators';

let node: PolylogNode;
beforeAll(async () => {
  node = await startPolylog();
  const statements = [...EDGE_TABLES, ...ORDER_TABLES, ...RANDOM_TABLES, ...corpus('tables')];
  const made = await runWithPsql({ ...node, port: node.postgresPort }, statements);
  for (const [i, statement] of statements.entries())
    expect({ statement, error: made[i]?.error }).toEqual({ statement, error: '' });
  await untilTierAnswers();
}, 180_000);
afterAll(() => node.remove());

/** A node serves clients before its projections do. */
async function untilTierAnswers(): Promise<void> {
  const target = { ...node, port: node.postgresPort };
  for (let tries = 0; tries < 20; tries++) {
    const [, outcome] = await runWithPsql(target, ["set polylog.tier = 'olap'", 'select count(*) from empty']);
    if (outcome?.error === '') return;
  }
}

interface Answers {
  readonly query: string;
  readonly tx: Outcome;
  readonly olap: Outcome;
}

async function bothAnswer(queries: readonly string[]): Promise<Answers[]> {
  const [tx, olap] = await Promise.all(['tx', 'olap'].map((tier) => answersOf(tier, queries)));
  return queries.map((query, i) => ({ query, tx: tx?.[i] as Outcome, olap: olap?.[i] as Outcome }));
}

async function answersOf(tier: string, queries: readonly string[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let from = 0; from < queries.length; from += SESSION) {
    const asked = [`set polylog.tier = '${tier}'`, ...queries.slice(from, from + SESSION)];
    outcomes.push(...(await runWithPsql({ ...node, port: node.postgresPort }, asked)).slice(1));
  }
  return outcomes;
}

/** What is to be compared: columns, rows, or an error's condition. */
function seen(query: string, outcome: Outcome): string[] {
  return outcome.error === '' ? shown(query, outcome) : [`error ${outcome.error.slice(0, 5)}`];
}

/** The OLAP tier answers as the engine does, or refuses by name. Answers with the queries that it refused. */
function expectSame(answers: readonly Answers[]): string[] {
  const refused = answers.filter(({ tx, olap }) => olap.error.startsWith('0A000') && !tx.error.startsWith('0A000'));
  expect(refused.filter(({ olap }) => !/^0A000 .*the OLAP tier /.test(olap.error))).toEqual([]);
  const compared = answers.filter((each) => !refused.includes(each));
  const differing = compared.filter(
    ({ query, tx, olap }) => seen(query, tx).join('\n') !== seen(query, olap).join('\n'),
  );
  const first = differing.slice(0, 5);
  expect(
    first.map(({ query, olap }) => ({ query, answer: seen(query, olap), of: differing.length, error: olap.error })),
  ).toEqual(first.map(({ query, tx }) => ({ query, answer: seen(query, tx), of: 0, error: tx.error })));
  return refused.map(({ query, olap }) => `${query}: ${olap.error}`);
}

describe('the OLAP tier answers as the engine does', () => {
  it('what analysts ask, and refuses none of it', async () => {
    expect(expectSame(await bothAnswer(ANALYTIC_QUERIES))).toEqual([]);
  }, 120_000);

  it('the questions of TPC-H, and refuses the two that compare with an average', async () => {
    const refused = expectSame(await bothAnswer(Object.values(ORDER_QUERIES)));
    expect(refused.map((each) => /0A000 .*/.exec(each)?.[0])).toEqual([AVERAGE_WITHIN, AVERAGE_WITHIN]);
  }, 120_000);

  it('values at the bounds of their types', async () => {
    const queries = some(edgeQueries());
    const refused = expectSame(await bothAnswer(queries));
    expect(refused.length).toBeLessThan(queries.length / 20);
  }, 300_000);

  it('statements with parameters', async () => {
    expect(expectSame(await bothAnswer(PREPARED)).length).toBeLessThan(5);
  }, 120_000);

  it('random questions of analysts, and refuses none of them', async () => {
    const queries = Array.from({ length: RANDOM_QUERIES }, (_, i) => randomAnalytics(i + 1));
    expect(expectSame(await bothAnswer(queries))).toEqual([]);
  }, 600_000);

  it('random queries', async () => {
    const queries = Array.from({ length: RANDOM_QUERIES }, (_, i) => randomQuery(i + 1));
    const refused = expectSame(await bothAnswer(queries));
    expect(refused.length).toBeLessThan(queries.length / 5);
  }, 600_000);

  it.each(FILES)(
    'queries of %s',
    async (file) => {
      const queries = corpus(file).filter((query) => READS.test(query) && !WRITES.test(query));
      const refused = expectSame(await bothAnswer(queries));
      expect(refused.length).toBeLessThan(queries.length);
    },
    120_000,
  );

  it('the same from files, after a restart', async () => {
    await node.stop();
    const files = readdirSync(join(node.dataDirectory, 'olap', 'tables'), { recursive: true, encoding: 'utf8' });
    expect(files.filter((each) => each.endsWith('.parquet')).length).toBeGreaterThan(5);
    await node.restart();
    await untilTierAnswers();
    expect(expectSame(await bothAnswer(ANALYTIC_QUERIES))).toEqual([]);
    expectSame(await bothAnswer(some(columnQueries())));
  }, 300_000);
});
