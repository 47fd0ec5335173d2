import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { type SharedPostgres, sharedPostgres } from '../harness/shared-servers.js';
import { corpus, knownVerdicts, type Outcome, shown, verdictOf } from './outcome.js';
import { runWithPsql } from './psql.js';

const FILES = [
  'select',
  'joins',
  'aggregates',
  'subqueries',
  'sets',
  'with',
  'windows',
  'functions-in-from',
  'writes',
  'keys',
  'generated',
  'views',
  'locking',
  'errors',
  'functions',
  'patterns',
  'queries',
  'ddl',
  'sessions',
];

let postgres: SharedPostgres;
let node: PolylogNode;
beforeAll(async () => {
  postgres = await sharedPostgres();
  node = await startPolylog();
}, 60_000);
afterAll(() => node.remove());

/** What a server answers to a file's statements, in a database of the file's own. */
async function answers(file: string, statements: readonly string[]): Promise<[Outcome[], Outcome[]]> {
  const database = `differential_${file.replaceAll('-', '_')}`;
  const answer = async (server: SharedPostgres, port: number): Promise<Outcome[]> => {
    const target = { ...server, port };
    await runWithPsql(target, [`drop database if exists ${database}`, `create database ${database}`]);
    return await runWithPsql({ ...target, database }, statements);
  };
  const { host, postgresPort: port, user, password, database: first } = node;
  return await Promise.all([
    answer({ host, port, user, password, database: first }, port),
    answer(postgres, postgres.port),
  ]);
}

describe.each(FILES)('statements of %s', (file) => {
  it('answer as PostgreSQL does', async () => {
    const statements = [...corpus('tables'), ...corpus(file)];
    const known = knownVerdicts(file);
    const [found, wanted] = await answers(file, statements);
    const verdicts = statements.map((statement, i) => verdictOf(statement, found[i] as Outcome, wanted[i] as Outcome));
    // A statement that stands in a file more than once may differ at one of its places only.
    const seen = new Set(statements.map((statement, i) => `${verdicts[i]} ${statement}`));
    const differing = statements.flatMap((statement, i) => {
      const [ours, theirs, verdict] = [found[i] as Outcome, wanted[i] as Outcome, verdicts[i]];
      const expected = known.get(statement) ?? 'same';
      const agrees = verdict === expected || (verdict === 'same' && seen.has(`${expected} ${statement}`));
      return agrees ? [] : [{ statement, verdict, expected, ours, theirs }];
    });
    expect(
      differing.map(({ statement, verdict, ours }) => ({ statement, verdict, answer: shown(statement, ours) })),
    ).toEqual(
      differing.map(({ statement, expected, theirs }) => ({
        statement,
        verdict: expected,
        answer: shown(statement, theirs),
      })),
    );
  }, 120_000);
});
