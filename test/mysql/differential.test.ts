import { type Connection, createConnection } from 'mysql2/promise';
import type { Target } from '../harness/client-programs.js';
import { hasMariadb, type Mariadb, startMariadb } from '../harness/mariadb.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { DIFFERING, REFUSED } from './known-differences.js';
import { QUERIES, TABLES } from './queries.js';

/** What a server answers to the statements of a text: rows as it prints them, or an error's number. */
async function answer(connection: Connection, text: string): Promise<string> {
  const seen: string[] = [];
  for (const sql of text.split('; ')) {
    try {
      const [rows] = await connection.query({ sql, rowsAsArray: true, typeCast: (field) => field.string() });
      seen.push(Array.isArray(rows) ? JSON.stringify(rows) : 'done');
    } catch (error) {
      const { errno } = error as { errno?: number };
      if (errno === undefined) throw error;
      return `error ${errno}`;
    }
  }
  return seen.join(' ');
}

const suite = !hasMariadb() ? describe.skip : describe;

suite('statements of MySQL mean what they mean to MariaDB (skipped without mariadb-server-core)', () => {
  let node: PolylogNode;
  let oracle: Mariadb;

  beforeAll(async () => {
    [node, oracle] = await Promise.all([startPolylog(), startMariadb()]);
  }, 120_000);

  afterAll(async () => {
    await oracle?.stop();
    await node?.remove();
  }, 60_000);

  async function answers({ host, port, user, password }: Target): Promise<Map<string, string>> {
    const connection = await createConnection({
      host,
      port,
      user,
      password,
      database: 'public',
      charset: 'UTF8MB4_BIN',
    });
    try {
      for (const sql of TABLES) await connection.query(sql);
      const seen = new Map<string, string>();
      for (const text of QUERIES) {
        await connection.beginTransaction();
        seen.set(text, await answer(connection, text));
        await connection.rollback();
      }
      return seen;
    } finally {
      await connection.end();
    }
  }

  it('answers alike, or refuses by name', async () => {
    const expected = await answers(oracle);
    const actual = await answers({ ...node, port: node.mysqlPort });
    const differing: Record<string, string> = {};
    const refused: string[] = [];
    for (const [text, theirs] of expected) {
      const ours = actual.get(text) ?? '';
      if (ours === theirs) continue;
      if (ours.startsWith('error ')) refused.push(text);
      else differing[text] = ours;
    }
    expect(refused).toEqual(REFUSED);
    expect(differing).toEqual(DIFFERING);
  }, 120_000);
});
