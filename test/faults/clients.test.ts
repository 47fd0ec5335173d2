/** Clients that misbehave, against a whole node: each gets an error or loses its connection, and nobody else notices. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type DatabaseError } from 'pg';
import {
  cstring,
  int32,
  message,
  parse,
  query,
  startup,
  sync,
  WireClient,
} from '#gateways/postgres/wire-client.suite.js';
import { targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { loggedIn, login } from '../protocol/login.js';

const IDLE_CLIENTS = 200;
const STATEMENTS = 5_000;
const SETTLE_TIMEOUT_MS = 10_000;
const MB = 1 << 20;

describe('a node with clients that misbehave', () => {
  let node: PolylogNode;
  /** A session that must not notice what others do. */
  let canary: Client;

  beforeAll(async () => {
    node = await startPolylog();
    canary = new Client(targetOf(node));
    await canary.connect();
    await canary.query('create table t (n int primary key, note text)');
    await canary.query('insert into t values (1, $1)', ['mine']);
  }, 60_000);
  afterAll(async () => {
    await canary?.end();
    await node?.remove();
  }, 60_000);

  afterEach(async () => {
    expect((await canary.query('select n, note from t')).rows).toEqual([{ n: 1, note: 'mine' }]);
    expect(node.output()).not.toContain('internal error');
  });

  /** Of all processes of the node. */
  function residentBytes(): number {
    const kilobytes = node.processes().map(({ pid }) => {
      const [, size] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      return Number(size);
    });
    return kilobytes.reduce((sum, each) => sum + each, 0) * 1024;
  }

  /** Resolves when the write lock of the one row is free again. */
  async function untilUnlocked(): Promise<void> {
    for (const end = Date.now() + SETTLE_TIMEOUT_MS; ; await sleep(50)) {
      try {
        await canary.query('select 1 from t where n = 1 for update nowait');
        return;
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  const sqlStateOf = (body: Buffer): string => /\0C([0-9A-Z]{5})\0/.exec(body.toString())?.[1] ?? '';

  it('refuses wrong passwords, however often, and lets in who has the right one', async () => {
    const target = targetOf(node);
    for (let i = 0; i < 20; i++) {
      const { client, received } = await login({ ...target, password: `wrong ${i}` });
      expect(received.at(-1)?.type).toBe('E');
      expect(sqlStateOf(received.at(-1)?.body ?? Buffer.alloc(0))).toBe('28P01');
      client.end();
    }
    const nobody = await login({ ...target, user: 'nobody' });
    expect(sqlStateOf(nobody.received.at(-1)?.body ?? Buffer.alloc(0))).toBe('28P01');
    nobody.client.end();
    (await loggedIn(target)).end();
  });

  it.each([
    ['a mechanism that there is not', message('p', cstring('PLAIN'), int32(1), Buffer.from('x')), '08P01'],
    ['no message at all', message('p'), '08P01'],
    ['a length beyond its end', message('p', cstring('SCRAM-SHA-256'), int32(1_000), Buffer.from('n,,')), '08P01'],
    [
      'noise for a first message',
      message('p', cstring('SCRAM-SHA-256'), int32(4), Buffer.from([0, 255, 44, 61])),
      '08P01',
    ],
    ['a query instead', query('select 1'), '08P01'],
  ])('refuses who answers the authentication with %s', async (_name, bytes, code) => {
    const client = new WireClient(node.postgresPort);
    client.send(startup({ user: 'polylog', database: 'polylog' }));
    await client.until('R');
    client.send(bytes);
    const received = await client.untilClosed();
    expect(sqlStateOf(received.at(-1)?.body ?? Buffer.alloc(0))).toBe(code);
  });

  it('refuses startup parameters that it does not know', async () => {
    const { client, received } = await login(targetOf(node), { no_such_setting: 'x' });
    expect(sqlStateOf(received.at(-1)?.body ?? Buffer.alloc(0))).toBe('42704');
    client.end();
  });

  it.each([
    ['a startup packet without an end', int32(100_000_000)],
    ['a startup packet of no length', int32(0)],
    ['a foreign protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a version from the future', startup({ user: 'polylog' }, 0x9_0000)],
  ])('closes the connection over %s', async (_name, bytes) => {
    const client = new WireClient(node.postgresPort);
    client.send(bytes);
    await client.untilClosed();
  });

  it.each([
    ['an unknown message', message('~', Buffer.from('x'))],
    ['an impossible length', Buffer.concat([Buffer.from('Q'), int32(3)])],
    ['an oversized length', Buffer.concat([Buffer.from('Q'), int32(0x7fff_ffff)])],
  ])('closes the connection over %s', async (_name, bytes) => {
    const client = await loggedIn(targetOf(node));
    client.send(bytes);
    const received = await client.untilClosed();
    expect(sqlStateOf(received.at(-1)?.body ?? Buffer.alloc(0))).toBe('08P01');
  });

  it('undoes the transaction of a client that vanishes in its middle', async () => {
    const client = await loggedIn(targetOf(node));
    client.send(query("begin; update t set note = 'theirs' where n = 1; insert into t values (2)"));
    await client.until('Z');
    client.socket.resetAndDestroy();
    await untilUnlocked();
  }, 30_000);

  it('undoes the statement of a client that vanishes while it waits for a lock', async () => {
    await canary.query('begin');
    await canary.query('select 1 from t where n = 1 for update');
    const client = await loggedIn(targetOf(node));
    client.send(query("update t set note = 'theirs' where n = 1"));
    await sleep(200);
    client.socket.resetAndDestroy();
    await sleep(200);
    await canary.query('commit');
    await untilUnlocked();
  }, 30_000);

  it('keeps nothing of a COPY whose client vanishes in its middle', async () => {
    const client = await loggedIn(targetOf(node));
    client.send(query('copy t from stdin'));
    await client.until('G');
    for (let n = 0; n < 20_000; n += 100) {
      const rows = Array.from({ length: 100 }, (_, i) => `${1_000 + n + i}\tlost\n`);
      client.send(message('d', Buffer.from(rows.join(''))));
    }
    await sleep(300);
    client.socket.resetAndDestroy();
    await untilUnlocked();
  }, 30_000);

  it('bears idle connections', async () => {
    const before = residentBytes();
    const clients: Client[] = [];
    for (let i = 0; i < IDLE_CLIENTS; i++) {
      const client = new Client(targetOf(node));
      client.on('error', () => undefined);
      await client.connect();
      clients.push(client);
    }
    await Promise.all(clients.map((client) => client.query('select count(*) from t')));
    expect(residentBytes() - before).toBeLessThan(200 * MB);
    await Promise.all(clients.map((client) => client.end()));
  }, 60_000);

  it('bears many prepared statements in one session', async () => {
    const client = await loggedIn(targetOf(node));
    const before = residentBytes();
    for (let i = 0; i < STATEMENTS; i += 500) {
      client.send(...Array.from({ length: 500 }, (_, j) => parse(`s${i + j}`, `select ${i + j} + $1::int`)), sync);
      await client.until('Z');
    }
    expect(residentBytes() - before).toBeLessThan(300 * MB);
    client.end();
  }, 60_000);

  it('holds no huge result for a client that does not read', async () => {
    const before = residentBytes();
    const client = await loggedIn(targetOf(node));
    client.socket.pause();
    client.send(query("select n, repeat('x', 1000) from generate_series(1, 1000000) n"));
    await sleep(3_000);
    // It is a gigabyte; without back-pressure all of it would stand in the node by now.
    expect(residentBytes() - before).toBeLessThan(300 * MB);
    client.socket.resetAndDestroy();
  }, 60_000);

  it('tells an ordinary error to each of many clients at once', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => loggedIn(targetOf(node))));
    const codes = await Promise.all(
      clients.map(async (client) => {
        client.send(query('select 1 / 0'));
        const received = await client.until('Z');
        client.end();
        return sqlStateOf(received.find(({ type }) => type === 'E')?.body ?? Buffer.alloc(0));
      }),
    );
    expect(new Set(codes)).toEqual(new Set(['22012']));
    await expect(canary.query('select no_such_column from t')).rejects.toMatchObject({
      code: '42703',
    } satisfies Partial<DatabaseError>);
  });
});
