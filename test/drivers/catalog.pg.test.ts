import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { psql, type Target, targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedPostgres } from '../harness/shared-servers.js';

const FOLDER = join(__dirname, 'catalog');
const DATABASE = 'catalog_tests';

/** psql's looks at the catalog. Sizes on disk, PostgreSQL's own objects and other databases are left out. */
const COMMANDS = [
  ...['\\d', '\\dt', '\\di', '\\ds', '\\dv', '\\dm', '\\du', '\\dg', '\\df', '\\dT', '\\dp', '\\dD', '\\db', '\\dd'],
  ...['\\det', '\\ddp', '\\do', '\\da', '\\drds', '\\dy', '\\dP', '\\dRp', '\\dX', '\\dc', '\\encoding'],
  ...['authors', 'books', 'plain', 'books_title_idx', 'books_author_title', 'numbers', 'cheap', 'nothing'].map(
    (name) => `\\d ${name}`,
  ),
  ...['\\d+ books', '\\d+ plain', '\\dt public.*', '\\dt b*', '\\di+ nothing*', '\\z books', '\\dconfig DateStyle'],
];

const QUERIES = readFileSync(join(FOLDER, 'startup-queries.sql'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('--'));

describe('the catalog', () => {
  let node: PolylogNode;
  let oracle: Target;
  let polylog: Target;

  beforeAll(async () => {
    const [shared, started] = await Promise.all([sharedPostgres(), startPolylog()]);
    node = started;
    oracle = { ...shared, database: DATABASE };
    polylog = targetOf(node, DATABASE);
    for (const [server, target] of [
      [shared, oracle],
      [targetOf(node), polylog],
    ] as const) {
      await psql(server, '-q', '-c', `create database ${DATABASE}`);
      await psql(target, '-q', '-f', join(FOLDER, 'schema.sql'));
    }
  }, 120_000);

  afterAll(() => node?.remove());

  const expectSame = async (...args: readonly string[]): Promise<void> => {
    const ask = (target: Target): Promise<string> =>
      psql(target, ...args).catch((error: Error) => error.message.replace(/^.*Command failed.*$/m, 'failed'));
    const [expected, actual] = await Promise.all([ask(oracle), ask(polylog)]);
    expect(actual).toBe(expected);
  };

  it.each(COMMANDS)('looks the same in psql: %s', (command) => expectSame('-c', command));

  it.each(QUERIES)('answers %s', (query) => expectSame('-c', query));

  it('names oids in text and keeps them in binary', async () => {
    await expectSame(
      '-c',
      "select 'books'::regclass, 'int4'::regtype, 'array_in'::regproc, tableoid::regclass from pg_class limit 1",
    );
    await expectSame('-c', "copy (select 'books'::regclass, oid::regtype from pg_type where oid = 23) to stdout");
  });
});
