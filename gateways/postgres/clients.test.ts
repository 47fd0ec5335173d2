import { execFile } from 'node:child_process';
import { createConnection } from 'node:net';
import { promisify } from 'node:util';
import pg from 'pg';
import { startTestGateway, type TestGateway } from './gateway.suite.js';

const run = promisify(execFile);

let node: TestGateway;
beforeAll(async () => {
  node = await startTestGateway();
});
afterAll(async () => {
  await node.close();
  expect(node.bugs).toEqual([]);
});

const open = async (): Promise<pg.Client> => {
  const client = new pg.Client({ host: '127.0.0.1', port: node.port, user: 'u', database: 'd' });
  client.on('error', () => {});
  await client.connect();
  return client;
};

async function psql(...commands: readonly string[]): Promise<string> {
  const args = commands.flatMap((c) => ['-c', c]);
  const { stdout, stderr } = await run('psql', [
    '-X',
    '-A',
    '-t',
    `host=127.0.0.1 port=${node.port} user=u dbname=d`,
    ...args,
  ]).catch((e: { stdout: string; stderr: string }) => e);
  return stdout + stderr;
}

describe('psql', () => {
  it('runs statements and shows errors with their position', async () => {
    expect(await psql('select 1, 2 as b')).toBe('1|2\n');
    expect(await psql('select 1; select 2')).toBe('1\n2\n');
    expect(await psql('')).toBe('');
    expect(await psql('select * from missing')).toContain('LINE 1: select * from missing\n                      ^');
    expect(await psql('selec 1')).toContain('ERROR:  syntax error at or near "selec"');
    expect(await psql('begin', 'selec 1', 'select 1', 'rollback', 'select 5')).toContain(
      'current transaction is aborted',
    );
  });

  it('copies in and out', async () => {
    node.engine.copiedRows.length = 0;
    const { stdout } = await run('sh', [
      '-c',
      `printf '1\\tone\\n2\\t\\\\N\\n' | psql -X "host=127.0.0.1 port=${node.port} user=u dbname=d" -c 'copy t from stdin' -c 'copy t to stdout' -c 'copy t to stdout csv header'`,
    ]);
    expect(stdout).toBe('COPY 2\n1\tone\n2\t\\N\nid,name\n1,one\n2,\n');
    expect(node.engine.copiedRows).toEqual([
      [1, 'one'],
      [2, null],
    ]);
  });

  it('shows prepared statements by PREPARE and EXECUTE', async () => {
    const output = await psql(
      'prepare p as select $1',
      'execute p(7)',
      'execute p(7+1)',
      'deallocate p',
      'execute p(1)',
    );
    expect(output).toBe(
      'PREPARE\n7\nDEALLOCATE\nERROR:  division by zero\nERROR:  prepared statement "p" does not exist\n',
    );
  });
});

describe('node-postgres', () => {
  it('runs simple and extended queries', async () => {
    const client = await open();
    expect((await client.query('select 1 as a, null as b')).rows).toEqual([{ a: 1, b: null }]);
    expect((await client.query('select $1::text as t', ['ä☃'])).rows).toEqual([{ t: 'ä☃' }]);
    const named = { name: 'n', text: 'select $1::int4 as x', values: [5] };
    expect((await client.query(named)).rows).toEqual([{ x: 5 }]);
    expect((await client.query(named)).rows).toEqual([{ x: 5 }]);
    expect((await client.query('insert into a values ($1)', [1])).rowCount).toBe(1);
    await client.end();
  });

  it('sends BEGIN along with the first statement and skips empty blocks', async () => {
    const client = await open();
    node.engine.requests.length = 0;
    await client.query('begin');
    await client.query('commit');
    expect(node.engine.requests).toEqual([]);
    await client.query('begin isolation level serializable read only');
    await client.query('insert into a values (1)');
    await client.query('commit');
    const executes = node.engine.requests.filter((r) => r[0] === 4);
    expect(executes.map((r) => r[5])).toEqual([2 | 16 | 32 | 1, 1]);
    await client.end();
  });

  it('reads a large result in pieces and may stop early', async () => {
    const client = await open();
    expect((await client.query('select generate_series(1, 12345)')).rows).toHaveLength(12_345);
    expect(
      (await client.query({ text: 'select generate_series(1, 25)', rows: 10 } as pg.QueryConfig)).rows.length,
    ).toBeGreaterThanOrEqual(10);
    await client.end();
  });

  it('gets errors with their fields and goes on', async () => {
    const client = await open();
    await expect(client.query('insert into a values ($1)', [666])).rejects.toMatchObject({
      code: '23505',
      detail: 'Key (id)=(666) already exists.',
      constraint: 'a_pkey',
      table: 'a',
      schema: 'public',
      severity: 'ERROR',
    });
    await expect(client.query('select $1::int4', ['x'])).rejects.toMatchObject({ code: '22P02' });
    await expect(client.query('select 1 +')).rejects.toMatchObject({ code: '42601', position: '11' });
    await expect(client.query('select 1/0')).rejects.toMatchObject({ code: '22012' });
    expect((await client.query('select 1 as a')).rows).toEqual([{ a: 1 }]);
    await client.end();
  });

  it('a block fails with an error that only the gateway has seen', async () => {
    const client = await open();
    await client.query('begin');
    await expect(client.query('selec')).rejects.toMatchObject({ code: '42601' });
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
    expect((await client.query('commit')).command).toBe('ROLLBACK');
    expect((await client.query('select 1 as a')).rows).toEqual([{ a: 1 }]);
    await client.query('begin');
    await client.query('select 1');
    await expect(client.query('select $1::int4', ['x'])).rejects.toMatchObject({ code: '22P02' });
    await expect(client.query('select $1::int4', [1])).rejects.toMatchObject({ code: '25P02' });
    await client.query('rollback');
    await client.end();
  });

  it('prepares again when the engine says that a statement is stale', async () => {
    const client = await open();
    await client.query('select 41 as a');
    const last = node.engine.requests.filter((r) => r[0] === 4).at(-1);
    node.engine.stale.add(last?.[2] as number);
    expect((await client.query('select 42 as a')).rows).toEqual([{ a: 42 }]);
    await client.end();
  });

  it('cancels what runs', async () => {
    const client = await open();
    const other = await open();
    const running = client.query('select pg_sleep(100)');
    await new Promise((r) => setTimeout(r, 50));
    const { processID, secretKey } = client as pg.Client & { processID: number; secretKey: number };
    const request = Buffer.alloc(16);
    request.writeInt32BE(16, 0);
    request.writeInt32BE(80_877_102, 4);
    request.writeInt32BE(processID, 8);
    request.writeInt32BE(secretKey ^ 1, 12);
    createConnection(node.port, '127.0.0.1').end(request);
    await new Promise((r) => setTimeout(r, 50));
    request.writeInt32BE(secretKey, 12);
    createConnection(node.port, '127.0.0.1').end(request);
    await expect(running).rejects.toMatchObject({ code: '57014' });
    await client.end();
    await other.end();
  });

  it('is told of changed settings, and refused for unknown ones', async () => {
    const client = await open();
    const told: string[] = [];
    client.connection.on('parameterStatus', (m: { parameterName: string; parameterValue: string }) =>
      told.push(`${m.parameterName}=${m.parameterValue}`),
    );
    await client.query("set application_name = 'x'");
    expect(told).toEqual(['application_name=x']);
    await client.end();
    const bad = new pg.Client({
      host: '127.0.0.1',
      port: node.port,
      user: 'u',
      database: 'd',
      options: '-c nonsense=1',
    });
    await expect(bad.connect()).rejects.toMatchObject({ code: '42704', severity: 'FATAL' });
  });
});
