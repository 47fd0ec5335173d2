/**
 * What a transaction costs the engine alone, without sockets, disk or gateway: pgbench's simple-update and its select, one client after
 * the other. `npm run build`, `node dist/test/bench/micro/statements.js [transactions]`; with --cpu-prof it says where.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Engine } from '#engines/serve/engine.js';
import { dialect } from '#gateways/postgres/dialect/dialect.js';
import { StatementCache } from '#gateways/sql/statement-cache.js';
import { MemoryLog } from '#log/memory/memory-log.js';
import { systemClock, systemRandom } from '#ops/ports/system-clock.js';
import { BEGIN_FIRST, FINISH, LINK_VERSION, OP, REPLY, type Reply, type Request } from '#schemas/link/frames.js';
import { inProcessLink } from '#schemas/link/in-process-transport.js';
import type { Value } from '#schemas/values/value.js';

const ACCOUNTS = 100_000;
const SESSION = 1;
const PASSWORD = 'bench';
const transactions = Number(process.argv[2] ?? 200_000);

const engine = await Engine.open({
  log: new MemoryLog(),
  storeFolder: null,
  rowMemoryBytes: 1 << 30,
  clock: systemClock(),
  uncertaintyMicros: () => 0,
  random: systemRandom,
  registry: null,
  sharing: null,
  onCannotFollow: (error) => {
    throw error;
  },
  bootstrap: { user: 'polylog', password: PASSWORD },
  holder: 'bench',
  nextTurn: () => nextTurn(),
  isMemoryShort: () => false,
  reportBug: (error) => {
    throw error;
  },
  onStoreDamaged: () => undefined,
  onStoreFull: () => undefined,
  onOvertaken: null,
  projectionSockets: { ingestion: null, olap: null },
  commitTimeoutMs: 30_000,
  onCommitMs: () => undefined,
  onAppendMs: () => undefined,
});
const { client, peer } = inProcessLink();
engine.accept(peer);
const statements = new StatementCache(dialect);
let heard: (reply: Reply) => void = () => undefined;
client.onReply = (reply) => {
  if (reply[0] !== REPLY.rows && reply[0] !== REPLY.notice) heard(reply);
};

function ask(request: Request): Promise<Reply> {
  return new Promise((resolve, reject) => {
    heard = (reply) => (reply[0] === REPLY.failure ? reject(new Error(reply[3])) : resolve(reply));
    client.send(request);
  });
}

/** RFC 5802 as a client. */
async function logIn(): Promise<void> {
  await ask([OP.hello, 0, LINK_VERSION, 'postgres', process.pid]);
  await ask([OP.open, SESSION, 'polylog', 'polylog', 'scram-sha-256', '', {}]);
  const bare = `n=,r=${randomBytes(18).toString('base64')}`;
  const challenge = await ask([OP.authenticate, SESSION, Buffer.from(`n,,${bare}`)]);
  const first = Buffer.from(challenge[2] as Uint8Array).toString();
  const [nonce, salt, iterations] = first.split(',').map((part) => part.slice(2)) as [string, string, string];
  const salted = pbkdf2Sync(PASSWORD, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
  const key = createHmac('sha256', salted).update('Client Key').digest();
  const stored = createHash('sha256').update(key).digest();
  const signature = createHmac('sha256', stored).update(`${bare},${first},c=biws,r=${nonce}`).digest();
  const proof = Buffer.from(key.map((byte, i) => byte ^ (signature[i] as number))).toString('base64');
  await ask([OP.authenticate, SESSION, Buffer.from(`c=biws,r=${nonce},p=${proof}`)]);
}

let lastStatement = 0;
async function prepare(sql: string): Promise<number> {
  const [shape] = statements.lookupFixed(sql).statements;
  lastStatement++;
  await ask([OP.prepare, SESSION, lastStatement, shape?.program ?? new Uint8Array(0), []]);
  return lastStatement;
}

const run = (statement: number, flags: number, values: readonly Value[]): Promise<Reply> =>
  ask([OP.execute, SESSION, statement, 0, 0, flags, values]);

await logIn();
for (const sql of [
  'CREATE TABLE pgbench_accounts (aid integer PRIMARY KEY, bid integer, abalance integer, filler char(84))',
  'CREATE TABLE pgbench_history (tid integer, bid integer, aid integer, delta integer, mtime timestamp, filler char(22))',
  `INSERT INTO pgbench_accounts SELECT g, 1, 0, '' FROM generate_series(1, ${ACCOUNTS}) g`,
]) {
  await run(await prepare(sql), FINISH, []);
}
const update = await prepare('UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2');
const select = await prepare('SELECT abalance FROM pgbench_accounts WHERE aid = $1');
const insert = await prepare(
  'INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP)',
);
const end = await prepare('END');

async function simpleUpdate(i: number): Promise<void> {
  const aid = ((i * 7_919) % ACCOUNTS) + 1;
  await run(update, BEGIN_FIRST | FINISH, [i % 100, aid]);
  await run(select, FINISH, [aid]);
  await run(insert, FINISH, [1, 1, aid, i % 100]);
  await run(end, FINISH, []);
}

async function measure(what: string, count: number, each: (i: number) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < 5_000; i++) await each(i);
  const cpu = process.cpuUsage();
  for (let i = 0; i < count; i++) await each(i);
  const { user, system } = process.cpuUsage(cpu);
  console.log(`${what}: ${((user + system) / count).toFixed(1)} µs of processor time each`);
}

await measure('an awaited turn', transactions, () => nextTurn());
await measure('select', transactions, (i) => run(select, FINISH, [((i * 7_919) % ACCOUNTS) + 1]));
await measure('simple-update', transactions, simpleUpdate);
process.exit(0);
