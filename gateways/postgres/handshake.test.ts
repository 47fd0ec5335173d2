import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startTestGateway, type TestGateway } from './gateway.suite.js';
import { cstring, fields, int32, message, query, show, startup, WireClient } from './wire-client.suite.js';

const USER = { user: 'u', database: 'd' };

describe('a connection', () => {
  let node: TestGateway;
  beforeEach(async () => {
    node = await startTestGateway({ maxConnections: 3 });
  });
  afterEach(async () => {
    await node.close();
    expect(node.bugs).toEqual([]);
  });

  it('is told the settings, a cancel key, and that it may begin', async () => {
    const client = new WireClient(node.port);
    client.send(startup({ ...USER, application_name: 'app' }));
    const answer = await client.until('Z');
    expect(show(answer)).toMatch(/^R (S )+K ZI$/);
    const told = answer.filter((m) => m.type === 'S').map((m) => m.body.toString().split('\0').slice(0, 2).join('='));
    expect(told).toEqual(
      expect.arrayContaining([
        'server_version=15.8 (Polylog)',
        'application_name=app',
        'TimeZone=UTC',
        'integer_datetimes=on',
      ]),
    );
    expect(told.some((t) => t.startsWith('search_path'))).toBe(false);
    client.end();
  });

  it('relays the password exchange untouched', async () => {
    node.engine.authenticates = true;
    const client = new WireClient(node.port);
    client.send(startup(USER));
    expect((await client.until('R'))[0]?.body).toEqual(
      Buffer.concat([int32(10), cstring('SCRAM-SHA-256'), Buffer.from([0])]),
    );
    client.send(message('p', cstring('SCRAM-SHA-256'), int32(5), Buffer.from('first')));
    expect((await client.until('R'))[0]?.body).toEqual(Buffer.concat([int32(11), Buffer.from('server-first')]));
    client.send(message('p', Buffer.from('final')));
    const answer = await client.until('Z');
    expect(answer[0]?.body).toEqual(Buffer.concat([int32(12), Buffer.from('server-final')]));
    expect(show(answer)).toMatch(/^R R (S )+K ZI$/);
    client.end();
    const wrong = new WireClient(node.port);
    wrong.send(startup(USER));
    await wrong.until('R');
    wrong.send(message('p', cstring('SCRAM-SHA-256'), int32(5), Buffer.from('wrong')));
    expect(fields((await wrong.untilClosed())[0])).toMatchObject({ S: 'FATAL', C: '28P01' });
  });

  it.each([
    ['no user', startup({ database: 'd' }), '28000'],
    ['another protocol', startup(USER, 0x2_0000), '0A000'],
    ['an oversized length', int32(10_001), '08P01'],
    ['an undersized length', int32(4), '08P01'],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), '08P01'],
    ['a name without value', Buffer.concat([int32(13), int32(0x3_0000), Buffer.from('user\0')]), '08P01'],
    ['replication', startup({ ...USER, replication: 'true' }), '0A000'],
    ['an unknown setting', startup({ ...USER, nonsense: '1' }), '42704'],
    ['a query instead of a password', Buffer.concat([startup(USER), query('select 1')]), '08P01'],
    ['another mechanism', Buffer.concat([startup(USER), message('p', cstring('PLAIN'), int32(0))]), '08P01'],
  ])('with %s is refused', async (_name, bytes, code) => {
    node.engine.authenticates = true;
    const client = new WireClient(node.port);
    client.send(bytes);
    const received = await client.untilClosed();
    expect(fields(received.at(-1))).toMatchObject({ S: 'FATAL', C: code });
    expect(node.engine.openSessions).toBe(0);
  });

  it('negotiates down a newer protocol and unknown options', async () => {
    const client = new WireClient(node.port);
    client.send(startup({ ...USER, '_pq_.x': '1' }, 0x3_0002));
    const [negotiate] = await client.until('v');
    expect(negotiate?.body).toEqual(Buffer.concat([int32(0x3_0000), int32(1), cstring('_pq_.x')]));
    await client.until('Z');
    client.end();
  });

  it('beyond the limit is refused until another ends', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => WireClient.open(node.port)));
    const extra = new WireClient(node.port);
    extra.send(startup(USER));
    expect(fields((await extra.untilClosed())[0])).toMatchObject({ C: '53300', M: 'sorry, too many clients already' });
    clients[0]?.end();
    await new Promise((resolve) => setTimeout(resolve, 30));
    (await WireClient.open(node.port)).end();
    for (const client of clients) client.end();
  });

  it('answers GSSENCRequest and SSLRequest with N when there is no TLS', async () => {
    const client = new WireClient(node.port);
    let plain = '';
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk: Buffer) => (plain += chunk.toString('latin1')));
    client.send(int32(8), int32(80_877_104), int32(8), int32(80_877_103), startup(USER));
    while (!plain.endsWith('Z\0\0\0\u0005I')) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(plain.startsWith('NNR')).toBe(true);
    client.end();
  });

  it('ends with its link, and new ones are refused until that is back', async () => {
    const client = await WireClient.open(node.port);
    node.engine.drop();
    expect(fields((await client.untilClosed())[0])).toMatchObject({ S: 'FATAL', C: '57P01' });
    const early = new WireClient(node.port);
    early.send(startup(USER));
    expect(fields((await early.untilClosed())[0])).toMatchObject({ C: '57P03' });
    while (!node.link.up) await new Promise((resolve) => setTimeout(resolve, 10));
    const again = await WireClient.open(node.port);
    expect(await again.ask(query('select 1'))).toBe('T D C(SELECT 1) ZI');
    again.end();
  });

  it('may finish its transaction when the server goes down', async () => {
    const idle = await WireClient.open(node.port);
    const busy = await WireClient.open(node.port);
    await busy.ask(query('begin; select 1'));
    const drained = node.gateway.drain(2_000);
    expect(fields((await idle.untilClosed())[0])).toMatchObject({ S: 'FATAL', C: '57P01' });
    expect(await busy.ask(query('select 2'))).toBe('T D C(SELECT 1) ZT');
    expect(await busy.ask(query('commit'))).toBe('C(COMMIT) ZI');
    await busy.untilClosed();
    await drained;
  });
});

describe('TLS', () => {
  it('protects a connection that asks for it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tls-'));
    const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
      ],
      { stdio: 'ignore' },
    );
    const node = await startTestGateway({ tls: { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } });
    const client = new pg.Client({
      host: '127.0.0.1',
      port: node.port,
      user: 'u',
      database: 'd',
      ssl: { rejectUnauthorized: false },
    });
    await client.connect();
    expect((await client.query('select generate_series(1, 5000)')).rows).toHaveLength(5_000);
    await client.end();
    const smuggler = new WireClient(node.port);
    smuggler.send(int32(8), int32(80_877_103), startup(USER));
    await smuggler.untilClosed();
    expect(fields(smuggler.received[0])).toMatchObject({ C: '08P01' });
    await node.close();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    expect(node.bugs).toEqual([]);
  });
});
