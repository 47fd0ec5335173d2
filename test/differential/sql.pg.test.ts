import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { type SharedPostgres, sharedPostgres } from '../harness/shared-servers.js';
import { KNOWN_DIFFERENCES } from './known-differences.js';
import { corpus, type Outcome, shown } from './outcome.js';
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
];

let postgres: SharedPostgres;
let node: PolylogNode;

beforeAll(async () => {
  [postgres, node] = await Promise.all([sharedPostgres(), startPolylog()]);
}, 120_000);

afterAll(() => node?.remove());

/** What a server answers, in a database of the file's own. */
function answers(server: SharedPostgres, file: string, statements: readonly string[]): Outcome[] {
  const database = `differential_${file.replaceAll('-', '_')}`;
  runWithPsql(server, [`drop database if exists ${database}`, `create database ${database}`]);
  return runWithPsql({ ...server, database }, statements);
}

describe.each(FILES)('statements of %s', (file) => {
  it('answer as PostgreSQL does', () => {
    const statements = [...corpus('tables'), ...corpus(file)];
    const known = new Set(KNOWN_DIFFERENCES[file] ?? []);
    const wanted = answers(postgres, file, statements);
    const found = answers({ ...node, port: node.postgresPort }, file, statements);
    const lines = (outcomes: readonly Outcome[], i: number): string[] =>
      shown(statements[i] as string, outcomes[i] as Outcome);
    const differing = statements.flatMap((statement, i) => {
      const same = lines(found, i).join('\n') === lines(wanted, i).join('\n');
      return same === known.has(statement) ? [i] : [];
    });
    expect(differing.map((i) => [statements[i], ...lines(found, i)])).toEqual(
      differing.map((i) => [statements[i], ...lines(wanted, i)]),
    );
  });
});
