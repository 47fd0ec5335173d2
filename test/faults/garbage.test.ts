/**
 * Clients of both protocols that send anything: before they have logged in, and messages that were changed in some place afterwards. Each is answered or loses its connection; other
 * sessions notice nothing, and no process ends. A seed that fails is named by the test.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { Client } from 'pg';
import { bind, describe_, execute, message, parse, query, sync } from '#gateways/postgres/wire-client.suite.js';
import { targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { loggedIn } from '../protocol/login.js';
import { SeededRandom } from '../simulation/seeded-random.js';

const SEEDS = Array.from({ length: 3 }, (_, i) => i + 1);
const CONVERSATIONS = 10;
const MESSAGES = 12;
const CLOSE_TIMEOUT_MS = 20_000;

/** What PostgreSQL's clients say. */
const POSTGRES: readonly Buffer[] = [
  query('select n, note from t'),
  query('begin; update t set note = note; rollback'),
  query('copy t to stdout'),
  query('copy t from stdin'),
  message('d', Buffer.from('7\tseven\n')),
  message('c'),
  message('f', Buffer.from('no\0')),
  parse('', 'select $1::int + n from t where note = $2', [23, 25]),
  bind('', '', ['1', 'mine'], [0], [1]),
  describe_('P'),
  describe_('S'),
  execute('', 1),
  sync,
  message('H'),
  message('C', Buffer.from('S\0')),
  message('F', Buffer.alloc(12)),
  message('p', Buffer.from('again\0')),
];

/** What MySQL's clients say, without the header. */
const MYSQL: readonly Buffer[] = [
  Buffer.from('\x03select n, note from t'),
  Buffer.from('\x03begin'),
  Buffer.from('\x16select ? + n from t where note = ?'),
  Buffer.from([0x17, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 0, 253, 0, 1, 0, 0, 0, 4, 0x6d, 0x69, 0x6e, 0x65]),
  Buffer.from([0x18, 1, 0, 0, 0, 1, 0, 0x6d]),
  Buffer.from([0x1a, 1, 0, 0, 0]),
  Buffer.from([0x19, 1, 0, 0, 0]),
  Buffer.from([0x1b, 0, 0]),
  Buffer.from([0x1c, 1, 0, 0, 0, 1, 0, 0, 0]),
  Buffer.from([0x1f]),
  Buffer.from('\x02public'),
  Buffer.from('\x04t\0n'),
  Buffer.from('\x11polylog\0\x00public\0'),
  Buffer.from([0x08, 0]),
  Buffer.from([0x0e]),
  Buffer.from([0x12]),
];

function packet(random: SeededRandom, body: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUIntLE(body.length, 0, 3);
  // Commands begin anew at 0.
  header[3] = random.chance(0.95) ? 0 : random.below(256);
  return Buffer.concat([header, body]);
}

/** Most often as it was; else with some bytes changed, cut, or nothing but noise. */
function changed(random: SeededRandom, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  switch (random.below(6)) {
    case 0:
      for (let i = random.below(4); i >= 0 && copy.length > 0; i--) copy[random.below(copy.length)] = random.below(256);
      return copy;
    case 1:
      return copy.subarray(0, random.below(copy.length + 1));
    case 2:
      return Buffer.concat([copy, random.bytes(random.below(40))]);
    default:
      return copy;
  }
}

const noise = (random: SeededRandom): Buffer => Buffer.from(random.bytes(1 + random.below(200)));

/** Says all of it, hangs up, and waits until the other side has done so, too. */
async function sayAll(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  socket.on('error', () => undefined);
  socket.resume();
  socket.end(Buffer.concat(pieces));
  for (const end = Date.now() + CLOSE_TIMEOUT_MS; !socket.closed && Date.now() < end; ) await sleep(5);
  const isClosed = socket.closed;
  socket.destroy();
  expect(isClosed).toBe(true);
}

describe('gateways that are sent anything', () => {
  let node: PolylogNode;
  let processes: unknown;
  let postgres: Client;
  let mysql: Connection;

  const mysqlConnection = (stream: Socket): Promise<Connection> => {
    const { user, password } = node;
    return createConnection({ stream, user, password, database: 'public' });
  };
  const mysqlStream = (): Socket => connect(node.mysqlPort, node.host);

  beforeAll(async () => {
    node = await startPolylog({ flags: ['--projections', 'none'] });
    postgres = new Client(targetOf(node));
    await postgres.connect();
    await postgres.query('create table t (n int primary key, note text)');
    await postgres.query("insert into t values (1, 'mine')");
    mysql = await mysqlConnection(mysqlStream());
    processes = node.processes();
  }, 60_000);
  afterAll(async () => {
    await postgres?.end();
    await mysql?.end();
    await node?.remove();
  }, 60_000);

  afterEach(async () => {
    expect((await postgres.query('select n, note from t where n = 1')).rows).toEqual([{ n: 1, note: 'mine' }]);
    const [rows] = await mysql.query<RowDataPacket[]>('select n, note from t where n = 1');
    expect(rows).toEqual([{ n: 1, note: 'mine' }]);
    expect(node.processes()).toEqual(processes);
    expect(node.output()).not.toContain('internal error');
  });

  const conversation = (random: SeededRandom, of: readonly Buffer[]): Buffer[] =>
    Array.from({ length: MESSAGES }, () => changed(random, random.pick(of)));

  it.each(SEEDS)('bear noise from who has not logged in, seed %i', async (seed) => {
    const random = new SeededRandom(seed);
    for (let i = 0; i < CONVERSATIONS; i++)
      for (const port of [node.postgresPort, node.mysqlPort])
        await sayAll(connect(port, node.host), [noise(random), noise(random)]);
  });

  it.each(SEEDS)('bear PostgreSQL messages that were changed, seed %i', async (seed) => {
    const random = new SeededRandom(seed);
    for (let i = 0; i < CONVERSATIONS; i++) {
      const { socket } = await loggedIn(targetOf(node));
      await sayAll(socket, conversation(random, POSTGRES));
    }
  });

  it.each(SEEDS)('bear MySQL messages that were changed, seed %i', async (seed) => {
    const random = new SeededRandom(seed);
    for (let i = 0; i < CONVERSATIONS; i++) {
      const stream = mysqlStream();
      await mysqlConnection(stream);
      // From here on the driver hears nothing.
      stream.removeAllListeners();
      const pieces = conversation(random, MYSQL).map((body) => packet(random, body));
      await sayAll(stream, pieces);
    }
  });
});
