import { createConnection } from 'node:net';
import {
  cstring,
  fields,
  int32,
  message,
  type Received,
  show,
  startup,
  WireClient,
} from '#gateways/postgres/wire-client.suite.js';
import { type Target, targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedPostgres } from '../harness/shared-servers.js';
import { login } from './login.js';

/** What a refused client hears: the words count too. */
function refusal(received: readonly Received[]): unknown {
  const last = received.at(-1);
  if (last?.type !== 'E') return show(received);
  const { S, V, C, M, H } = fields(last);
  // PostgreSQL looks at the database and the settings behind AuthenticationOk, a node before it.
  return { types: received.flatMap(({ type }) => (type === 'R' ? [] : [type])).join(''), S, V, C, M, H };
}

/** Sends bytes as they are, and answers what came until the server hung up or was ready. */
async function raw(target: Target, ...bytes: readonly Buffer[]): Promise<unknown> {
  const client = new WireClient(target.port);
  client.send(...bytes);
  const received: Received[] = [];
  for (let one = await client.next(); one !== null; one = await client.next()) {
    received.push(one);
    if (one.type === 'R' && one.body.readInt32BE(0) === 10) break;
  }
  client.end();
  return refusal(received);
}

const withParameters =
  (parameters: Readonly<Record<string, string>>) =>
  async (target: Target): Promise<unknown> => {
    const { client, received } = await login(target, parameters);
    client.end();
    return refusal(received.filter(({ type }) => type !== 'S' && type !== 'K'));
  };

const sasl = (mechanism: string, data: string): Buffer =>
  message('p', cstring(mechanism), int32(Buffer.byteLength(data)), Buffer.from(data));

const hello = (target: Target): Buffer => startup({ user: target.user, database: target.database });

const ATTEMPTS: ReadonlyArray<readonly [string, (target: Target) => Promise<unknown>]> = [
  ['a good password', withParameters({})],
  ['a wrong password', (t) => withParameters({})({ ...t, password: 'wrong' })],
  ['an empty password', (t) => withParameters({})({ ...t, password: '' })],
  ['an unknown user', (t) => withParameters({})({ ...t, user: 'nobody at all' })],
  ['an unknown database', (t) => withParameters({})({ ...t, database: 'no such database' })],
  ['an unknown user and database', (t) => withParameters({})({ ...t, user: 'nobody', database: 'nowhere' })],
  [
    'a wrong password for an unknown database',
    (t) => withParameters({})({ ...t, password: 'no', database: 'nowhere' }),
  ],
  ['no database', (t) => withParameters({ database: '' })(t)],
  ['an unknown parameter', withParameters({ nonsense: '1' })],
  ['a wrong value', withParameters({ client_encoding: 'KLINGON' })],
  ['a wrong time zone', withParameters({ TimeZone: 'Nowhere/Land' })],
  ['a wrong DateStyle', withParameters({ DateStyle: 'Stardate' })],
  ['a parameter that cannot be set', withParameters({ server_version: '3' })],
  ['a parameter of an extension', withParameters({ 'my.own': 'x' })],
  ['options', withParameters({ options: '-c statement_timeout=5s --work_mem=8MB' })],
  ['an unknown option', withParameters({ options: '-c nonsense=1' })],
  ['options that are none', withParameters({ options: '--' })],
  ['several settings', withParameters({ application_name: 'me', DateStyle: 'German', IntervalStyle: 'iso_8601' })],
  ['no user', (t) => raw(t, startup({ database: t.database }))],
  ['protocol 3.2', (t) => raw(t, startup({ user: t.user, database: t.database }, 0x3_0002))],
  ['protocol 4', (t) => raw(t, startup({ user: t.user }, 0x4_0000))],
  ['a protocol option', (t) => raw(t, startup({ user: t.user, database: t.database, '_pq_.x': '1' }))],
  ['a query before the password', (t) => raw(t, hello(t), message('Q', cstring('select 1')))],
  ['another mechanism', (t) => raw(t, hello(t), sasl('PLAIN', 'x'))],
  ['a malformed first SCRAM message', (t) => raw(t, hello(t), sasl('SCRAM-SHA-256', 'nonsense'))],
  ['channel binding without TLS', (t) => raw(t, hello(t), sasl('SCRAM-SHA-256', 'p=tls-unique,,n=,r=abc'))],
  ['an empty nonce', (t) => raw(t, hello(t), sasl('SCRAM-SHA-256', 'n,,n=,r='))],
];

/** What answers an 8-byte request for encryption, in clear. */
function encryptionAnswer(port: number, code: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write(Buffer.concat([int32(8), int32(code)])));
    socket.once('data', (data) => {
      resolve(data.toString('latin1'));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

describe('connecting', () => {
  let node: PolylogNode;
  let oracle: Target;

  beforeAll(async () => {
    [oracle, node] = await Promise.all([sharedPostgres(), startPolylog()]);
  }, 120_000);

  afterAll(() => node?.remove());

  it.each(ATTEMPTS)('with %s is answered as PostgreSQL answers it', async (_name, attempt) => {
    expect(await attempt(targetOf(node))).toEqual(await attempt(oracle));
  });

  it('with TLS or GSS encryption is refused with N where neither is configured', async () => {
    for (const code of [80877103, 80877104]) expect(await encryptionAnswer(node.postgresPort, code)).toBe('N');
    expect(await encryptionAnswer(oracle.port, 80877103)).toBe('N');
  });
});
