import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { polylogCommand, polylogProgram, startCommand, startPolylogCommand } from '#test/harness/command-line.js';
import { isAlive } from '#test/harness/guarded-process.js';
import { type PolylogNode, startPolylog } from '#test/harness/polylog.js';

const SECRET = 'correct-horse-battery-staple';

async function connected<T>(node: PolylogNode, run: (client: pg.Client) => Promise<T>, url = node.url): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  // The node is killed under some of them.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

/** Metrics without labels by name. */
async function metrics({ host, httpPort }: PolylogNode): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`http://${host}:${httpPort}/metrics`)).text();
  const lines = text.split('\n').filter((line) => /^[a-z_]+ /.test(line));
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', value] = line.split(' ');
      return [name, Number(value)];
    }),
  );
}

/** Addresses on which these processes listen, as /proc tells. */
function listening(pids: readonly number[]): string[] {
  const found: string[] = [];
  for (const pid of pids) {
    for (const table of ['tcp', 'tcp6']) {
      const rows = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').trim().split('\n').slice(1);
      for (const row of rows) {
        const [, local = '', , state] = row.trim().split(/\s+/);
        if (state === '0A') found.push(local);
      }
    }
  }
  return found;
}

/** Behind the first line of what a start prints: how to connect, and where HTTP is. */
const BANNER_LINES = 3;

describe('a node', () => {
  let node: PolylogNode;

  beforeAll(async () => {
    node = await startPolylog({
      env: { POLYLOG_PASSWORD: SECRET },
      flags: ['--log-level', 'trace'],
    });
  }, 60_000);

  afterAll(() => node.remove(), 30_000);

  const url = (): string => `postgresql://polylog:${SECRET}@${node.host}:${node.postgresPort}/polylog`;

  it('keeps what is secret in files for its owner', () => {
    const mode = (path: string): number => statSync(join(node.dataDirectory, path)).mode & 0o777;
    expect(mode('.')).toBe(0o700);
    expect(mode('run')).toBe(0o700);
    for (const path of ['superuser', 'run.json', 'run/engine.sock', 'run/control.sock']) expect(mode(path)).toBe(0o600);
  });

  it('listens on loopback alone', () => {
    const ports = [node.postgresPort, node.httpPort].map((port) => port.toString(16).toUpperCase().padStart(4, '0'));
    const ours = listening([node.processes()[0]?.pid ?? 0]).filter((local) => ports.includes(local.slice(-4)));
    expect([...new Set(ours)].sort()).toEqual(ports.map((port) => `0100007F:${port}`).sort());
  });

  it('counts commits, appends, transactions and cache hits as they happen', async () => {
    await connected(
      node,
      async (client) => {
        await client.query('CREATE TABLE counted (a int PRIMARY KEY)');
        const before = await metrics(node);
        for (let i = 0; i < 5; i++) await client.query(`INSERT INTO counted VALUES (${i})`);
        await client.query('BEGIN');
        await client.query('INSERT INTO counted VALUES (6)');
        const after = await metrics(node);
        const grown = (name: string): number => (after[name] ?? Number.NaN) - (before[name] ?? Number.NaN);
        expect(grown('polylog_commits_total')).toBe(5);
        expect(grown('polylog_commit_latency_seconds_count')).toBe(5);
        expect(grown('polylog_commit_latency_seconds_sum')).toBeGreaterThan(0);
        expect(grown('polylog_log_append_latency_seconds_count')).toBe(5);
        expect(grown('polylog_statement_cache_hits_total')).toBeGreaterThanOrEqual(4);
        expect(after).toMatchObject({ polylog_ready: 1, polylog_connections: 1, polylog_sessions: 1 });
        expect(grown('polylog_active_transactions')).toBe(1);
        expect(after['polylog_statement_cache_hit_ratio']).toBeGreaterThan(0);
        expect(after['polylog_row_cache_hit_ratio']).toBeGreaterThanOrEqual(0);
        await client.query('ROLLBACK');
      },
      url(),
    );
  });

  it('starts a process that died again, and serves again', async () => {
    for (const name of ['gateway-postgres', 'engine']) {
      const before = node.processes().find((process) => process.name === name)?.pid;
      await node.kill9(name);
      const end = Date.now() + 20_000;
      for (;;) {
        const now = node.processes().find((process) => process.name === name)?.pid;
        const { status } = await fetch(`http://${node.host}:${node.httpPort}/readyz`);
        if (now !== undefined && now !== before && status === 200) break;
        if (Date.now() > end) throw new Error(`${name} did not come back:\n${node.output()}`);
        await sleep(50);
      }
      const rows = await connected(node, (client) => client.query('SELECT count(*)::int AS n FROM counted'), url());
      expect(rows.rows).toEqual([{ n: 5 }]);
      expect(node.output()).toContain(`"process":"${name}","how":"SIGKILL"`);
    }
  }, 60_000);

  it('writes one JSON object a line, and no secret in any', async () => {
    const add = startCommand(process.execPath, [polylogProgram(), 'user', 'add', 'ann', '--data', node.dataDirectory], {
      POLYLOG_USER_PASSWORD: 'ann-has-a-secret',
    });
    expect((await add.ended).code).toBe(0);
    await connected(
      node,
      async (client) => {
        await client.query("CREATE USER bob PASSWORD 'bob-has-a-secret'");
        await client.query("ALTER USER bob PASSWORD 'bob-has-another-secret'");
        await expect(client.query("CREATE USER bob PASSWORD 'bob-has-a-third-secret' SUPERUSER")).rejects.toThrow(
          'already exists',
        );
      },
      url(),
    );
    await fetch(`http://${node.host}:${node.httpPort}/subjects?token=query-secret`, {
      headers: { authorization: 'Basic header-secret' },
    });
    // What a process logs comes through a pipe.
    while (!node.output().includes('"route":"/subjects"')) await sleep(50);
    const lines = node.output().trim().split('\n');
    const banner = lines.findIndex((line) => line.startsWith('Polylog is ready.'));
    // Standard output shares the file: the URL is for whoever starts the node, and is not part of the log.
    const logged = lines.filter((_line, i) => i < banner || i > banner + BANNER_LINES);
    for (const line of logged)
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), time: expect.any(String) });
    expect(logged.join('\n')).not.toMatch(new RegExp(`${SECRET}|secret|SCRAM`));
    expect(logged.some((line) => line.includes('"requestId":"') && line.includes('"route":"/subjects"'))).toBe(true);
    const { stdout } = await polylogCommand('log', '--data', node.dataDirectory, '--json');
    expect(stdout).toContain('"name":"bob"');
    expect(stdout).not.toMatch(/secret|SCRAM/);
    for (const { pid } of node.processes()) expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(SECRET);
  }, 30_000);

  it('lets in who was added, with the latest password and the rights that were given', async () => {
    const as = (user: string, password: string): string =>
      `postgresql://${user}:${password}@${node.host}:${node.postgresPort}/polylog`;
    const denied = (sql: string) => async (client: pg.Client) =>
      expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
    await expect(connected(node, () => Promise.resolve(), as('bob', 'bob-has-a-secret'))).rejects.toMatchObject({
      code: '28P01',
    });
    for (const sql of [
      'SELECT * FROM counted',
      'INSERT INTO counted VALUES (9)',
      'DROP TABLE counted',
      'CREATE TABLE own (a int)',
      "ALTER USER polylog PASSWORD 'mine'",
      'ALTER USER bob SUPERUSER',
      'CREATE USER eve',
      'DROP USER ann',
      'CREATE DATABASE d',
    ])
      await connected(node, denied(sql), as('bob', 'bob-has-another-secret'));
    await connected(node, (client) => client.query('GRANT SELECT ON counted TO bob'), url());
    await connected(node, (client) => client.query('SELECT * FROM counted'), as('bob', 'bob-has-another-secret'));
    await connected(node, (client) => client.query('REVOKE SELECT ON counted FROM bob'), url());
    await connected(node, denied('SELECT * FROM counted'), as('bob', 'bob-has-another-secret'));
    await connected(node, (client) => client.query('DROP USER bob'), url());
    await expect(connected(node, () => Promise.resolve(), as('bob', 'bob-has-another-secret'))).rejects.toMatchObject({
      code: '28P01',
    });
  }, 30_000);

  it('goes on after SIGHUP, by which gateways load their dialects anew', async () => {
    const before = node.processes();
    process.kill(before[0]?.pid ?? 0, 'SIGHUP');
    await sleep(300);
    expect(node.processes()).toEqual(before);
    await connected(node, (client) => client.query('SELECT 1'), url());
  });

  it('stops within ten seconds also while it starts, and leaves no process', async () => {
    await node.stop();
    const { dataDirectory } = node;
    for (const delay of [100, 300, 500]) {
      const starting = startPolylogCommand(
        'start',
        '--data',
        dataDirectory,
        '--postgres-port',
        '0',
        '--http-port',
        '0',
      );
      await sleep(delay);
      const began = Date.now();
      starting.kill('SIGTERM');
      const { code } = await starting.ended;
      expect(Date.now() - began).toBeLessThan(10_000);
      // Before Node has read the program the signal's own action ends it.
      expect([0, null]).toContain(code);
      expect(isAlive(starting.pid)).toBe(false);
      expect((await polylogCommand('status', '--data', dataDirectory)).code).toBe(3);
    }
  }, 60_000);
});
