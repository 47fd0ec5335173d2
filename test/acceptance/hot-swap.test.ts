import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { Client } from 'pg';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { projectRoot } from '../harness/project-root.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

const QUESTION = "select answer('abc') as n";
const PROTOCOLS = ['postgres', 'mysql'] as const;

describe('dialect plugins', () => {
  const scratch = temporaryDirectory('plugins');
  let node: PolylogNode;

  /** The built-in dialect with one more function, which is another one's name. */
  const write = (meaning: string): void => {
    for (const protocol of PROTOCOLS) {
      const builtIn = join(projectRoot(), 'dist', 'gateways', protocol, 'dialect', 'dialect.js');
      const text = `import { dialect as builtIn } from ${JSON.stringify(builtIn)};
        export const dialect = { ...builtIn, functionAliases: new Map([['answer', '${meaning}']]) };`;
      writeFileSync(join(scratch.path, `${protocol}.mjs`), text);
    }
  };

  beforeAll(async () => {
    write('char_length');
    const flags = PROTOCOLS.flatMap((protocol) => [`--${protocol}-dialect`, join(scratch.path, `${protocol}.mjs`)]);
    node = await startPolylog({ flags });
  }, 60_000);

  afterAll(async () => {
    await node?.remove();
    scratch.remove();
  });

  const viaPostgres = async (): Promise<() => Promise<unknown>> => {
    const { host, postgresPort: port, user, password, database } = node;
    const client = new Client({ host, port, user, password, database });
    await client.connect();
    open.push(() => client.end());
    return async () => (await client.query(QUESTION)).rows[0]?.n;
  };
  const viaMysql = async (): Promise<() => Promise<unknown>> => {
    const { host, mysqlPort: port, user, password } = node;
    const connection = await createConnection({ host, port, user, password });
    open.push(() => connection.end());
    return async () => {
      const [rows] = await connection.query<RowDataPacket[]>(QUESTION);
      return rows[0]?.['n'];
    };
  };
  const open: Array<() => Promise<void>> = [];

  it('are swapped by SIGHUP under load: new connections have the new one, old ones keep theirs', async () => {
    const asks = [await viaPostgres(), await viaMysql()];
    let going = true;
    let asked = 0;
    const load = asks.map(async (ask) => {
      while (going) {
        expect(await ask()).toBe(3);
        asked++;
      }
    });
    const until = async (isDone: () => Promise<boolean> | boolean): Promise<void> => {
      while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 50));
    };
    await until(() => asked > 100);
    write('upper');
    process.kill(node.processes().find(({ name }) => name === 'supervisor')?.pid ?? 0, 'SIGHUP');
    for (const connect of [viaPostgres, viaMysql]) await until(async () => (await (await connect())()) === 'ABC');
    const before = asked;
    await until(() => asked > before + 100);
    going = false;
    await Promise.all(load);
    await Promise.all(open.map((close) => close()));
  });
});
