import pg from 'pg';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedPostgres } from '../harness/shared-servers.js';
import { STEPS } from './steps.js';

interface Server {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

const DATABASE = 'privileges';

/** One connection for each user, in a database of its own; who has none gets one at the first statement. */
class Stage {
  readonly #server: Server;
  readonly #clients = new Map<string, pg.Client>();

  constructor(server: Server) {
    this.#server = server;
  }

  async prepare(): Promise<void> {
    const { user, password, host, port } = this.#server;
    const client = new pg.Client({ host, port, user, password, database: 'postgres' });
    await client.connect();
    await client.query(`CREATE DATABASE ${DATABASE}`);
    await client.end();
  }

  /** 'ok' and the rows, or SQLSTATE and message. A step of nobody's is one as the superuser; `name/password` connects anew. */
  async run(who: string, sql: string): Promise<string> {
    try {
      const client = await this.#clientOf(who);
      const result: unknown = await client.query({ text: sql, rowMode: 'array' });
      return `ok ${JSON.stringify((Array.isArray(result) ? result.at(-1) : (result as pg.QueryResult)).rows)}`;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      return `${code} ${message}`;
    }
  }

  async #clientOf(who: string): Promise<pg.Client> {
    const known = this.#clients.get(who);
    if (known !== undefined) return known;
    const [user = '', password = 'secret'] = who.split('/');
    const { host, port } = this.#server;
    const login = who === 'super' ? this.#server : { user, password };
    const client = new pg.Client({ host, port, user: login.user, password: login.password, database: DATABASE });
    await client.connect();
    this.#clients.set(who, client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) await client.end();
    const { user, password, host, port } = this.#server;
    const client = new pg.Client({ host, port, user, password, database: 'postgres' });
    await client.connect();
    await client.query(`DROP DATABASE ${DATABASE}`);
    await client.query('DROP ROLE IF EXISTS ann, ben, cat, crew, boss, late, few');
    await client.end();
  }
}

describe('what users may do', () => {
  let node: PolylogNode;
  let postgres: Stage;
  let polylog: Stage;

  beforeAll(async () => {
    const [oracle, started] = await Promise.all([sharedPostgres(), startPolylog()]);
    node = started;
    postgres = new Stage(oracle);
    polylog = new Stage({ ...started, port: started.postgresPort });
    await Promise.all([postgres.prepare(), polylog.prepare()]);
  }, 120_000);

  afterAll(async () => {
    await Promise.all([postgres.close(), polylog.close()]);
    await node.remove();
  }, 60_000);

  it.each(STEPS.map((step, i) => [i, ...step] as const))(
    '%d: %s: %s',
    async (_number, who, sql) => {
      const [expected, actual] = await Promise.all([postgres.run(who, sql), polylog.run(who, sql)]);
      expect(actual).toBe(expected);
    },
    15_000,
  );
});
