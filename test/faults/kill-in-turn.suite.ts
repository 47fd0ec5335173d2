/**
 * kill -9 of each process of a node in turn, and of the broker, while writers of both protocols go on. Nothing that was acknowledged is lost, nothing stands there twice, nothing that was
 * refused is there, and all who fold the log come to the same.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { targetOf } from '../harness/client-programs.js';
import { polylogCommand } from '../harness/command-line.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';

const WRITERS_A_PROTOCOL = 2;
const ACCOUNTS = 12;
const BACK_TIMEOUT_MS = 60_000;
const PROCESSES = ['engine', 'gateway-postgres', 'gateway-mysql', 'ingestion', 'olap'] as const;

/** One connection; the first error ends it. */
interface Session {
  run(sql: string): Promise<unknown>;
  end(): Promise<void>;
}

async function postgresSession(node: PolylogNode): Promise<Session> {
  const client = new Client({ ...targetOf(node), connectionTimeoutMillis: 10_000 });
  // Lost while nothing is asked: the next question tells.
  client.on('error', () => undefined);
  await client.connect();
  return { run: (sql) => client.query(sql), end: () => client.end().catch(() => undefined) };
}

async function mysqlSession({ host, mysqlPort: port, user, password }: PolylogNode): Promise<Session> {
  const connection: Connection = await createConnection({
    ...{ host, port, user, password },
    database: 'public',
    connectTimeout: 10_000,
  });
  connection.on('error', () => undefined);
  return { run: (sql) => connection.query(sql), end: async () => connection.destroy() };
}

/** Moves an amount between two accounts in each transaction, and notes it in two tables that would take it twice. */
class Writer {
  readonly id: number;
  readonly acknowledged = new Set<number>();
  /** Failed before anybody was asked to commit. */
  readonly refused = new Set<number>();
  readonly #connect: () => Promise<Session>;
  #next = 1;
  /** Connections that were lost, or that there were none of. */
  losses = 0;

  constructor(id: number, connect: () => Promise<Session>) {
    this.id = id;
    this.#connect = connect;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let session: Session | null = null;
      try {
        session = await this.#connect();
        while (!signal.aborted) await this.#transaction(session);
      } catch {
        this.losses++;
        await sleep(50);
      } finally {
        await session?.end();
      }
    }
  }

  async #transaction(session: Session): Promise<void> {
    const n = this.#next++;
    // The lower one first: two who wait for each other would be no fault to be found.
    const low = n % (ACCOUNTS - 1);
    const high = low + 1 + ((n * 7) % (ACCOUNTS - 1 - low));
    try {
      await session.run('begin');
      await session.run(`insert into ledger values (${this.id}, ${n}, ${low}, ${high})`);
      await session.run(`update account set balance = balance - ${n} where id = ${low}`);
      await session.run(`update account set balance = balance + ${n} where id = ${high}`);
      await session.run(`insert into echo values (${this.id}, ${n})`);
    } catch (error) {
      this.refused.add(n);
      throw error;
    }
    await session.run('commit');
    this.acknowledged.add(n);
  }
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + BACK_TIMEOUT_MS; !(await isSo()); await sleep(50))
    if (Date.now() > end) throw new Error(`not within ${BACK_TIMEOUT_MS} ms: ${what}`);
}

const DISAGREEING_ACCOUNTS = `select a.id, a.balance, m.sum from account a left join
    (select id, sum(amount) as sum from (select low as id, -n as amount from ledger union all select high, n from ledger) x group by id) m
  on m.id = a.id where a.balance <> coalesce(m.sum, 0)`;

/** Somebody outside the node who is killed, too, and comes back. */
export interface Outsider {
  readonly name: string;
  restart(): Promise<void>;
}

export interface World {
  /** What `--log` says. */
  readonly log: string;
  readonly outsiders: readonly Outsider[];
  stop(): Promise<void>;
}

/** `names`: of processes and outsiders, in the order in which they are killed. */
export function killInTurnSuite(title: string, world: () => Promise<World>, names: readonly string[]): void {
  describe(title, () => {
    let there: World;
    let node: PolylogNode;
    const stop = new AbortController();
    let load: Promise<unknown> = Promise.resolve();
    const writers: Writer[] = Array.from(
      { length: 2 * WRITERS_A_PROTOCOL },
      (_, i) => new Writer(i, () => (i < WRITERS_A_PROTOCOL ? postgresSession(node) : mysqlSession(node))),
    );

    beforeAll(async () => {
      there = await world();
      node = await startPolylog({ log: there.log });
      const session = await postgresSession(node);
      // No keys: what is written twice is to be seen.
      await session.run('create table ledger (writer int, n int, low int, high int)');
      await session.run('create table echo (writer int, n int)');
      await session.run('create table account (id int primary key, balance bigint not null)');
      await session.run(`insert into account select id, 0 from generate_series(0, ${ACCOUNTS - 1}) id`);
      await session.end();
      load = Promise.all(writers.map((writer) => writer.run(stop.signal)));
    }, 180_000);

    afterAll(async () => {
      stop.abort();
      await node?.stop();
      await load;
      await node?.remove();
      await there?.stop();
    }, 90_000);

    async function untilAllCommit(): Promise<void> {
      const before = writers.map(({ acknowledged }) => acknowledged.size);
      await until('each writer commits', () =>
        writers.every(({ acknowledged }, i) => acknowledged.size > (before[i] ?? 0) + 1),
      );
    }

    /** Whether each writer finds its transactions, while it goes on. */
    async function checkLedgers(): Promise<void> {
      const told = writers.map(({ acknowledged }) => new Set(acknowledged));
      const client = new Client(targetOf(node));
      await client.connect();
      try {
        await client.query('begin isolation level repeatable read');
        const numbers = async (table: string): Promise<string[]> => {
          const { rows } = await client.query<{ writer: number; n: number }>(`select writer, n from ${table}`);
          return rows.map(({ writer, n }) => `${writer}/${n}`).sort();
        };
        const ledger = await numbers('ledger');
        expect(await numbers('echo')).toEqual(ledger);
        const found = new Set(ledger);
        expect(ledger).toHaveLength(found.size);
        const lost = writers.flatMap(({ id }, i) => [...(told[i] ?? [])].filter((n) => !found.has(`${id}/${n}`)));
        const unwanted = writers.flatMap(({ id, refused }) => [...refused].filter((n) => found.has(`${id}/${n}`)));
        const { rows: disagreeing } = await client.query(DISAGREEING_ACCOUNTS);
        expect({ lost, unwanted, disagreeing }).toEqual({ lost: [], unwanted: [], disagreeing: [] });
        await client.query('commit');
      } finally {
        await client.end();
      }
    }

    async function verify(): Promise<void> {
      let outcome = { code: null as number | null, stdout: '', stderr: 'does not run' };
      await until('everybody is there to be verified', async () => {
        outcome = await polylogCommand('verify', '--data', node.dataDirectory);
        return !/does not run|ended|not running/.test(outcome.stderr);
      });
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      expect(outcome.stdout).toMatch(/\(engine, ingestion, olap, replay\) are equal\n$/);
    }

    async function kill(name: string): Promise<void> {
      const outsider = there.outsiders.find((each) => each.name === name);
      if (outsider !== undefined) {
        await outsider.restart();
        return;
      }
      const pidOf = (): number => node.processes().find((each) => each.name === name)?.pid ?? 0;
      // After an earlier kill it may still be on its way back.
      await until(`${name} runs`, () => pidOf() !== 0);
      const pid = pidOf();
      await node.kill9(name);
      await until(`${name} runs again`, () => ![0, pid].includes(pidOf()));
    }

    it.each(names.map((name, i) => [i + 1, name] as const))(
      'has all that it acknowledged, once, after kill -9 under load, %i: %s',
      async (_i, name) => {
        await untilAllCommit();
        const losses = writers.map((writer) => writer.losses);
        await kill(name);
        await untilAllCommit();
        await checkLedgers();
        await verify();
        // Clients do not notice what only follows the log.
        if (name === 'ingestion' || name === 'olap') expect(writers.map((writer) => writer.losses)).toEqual(losses);
        else if (name === 'engine') expect(writers.map((writer) => writer.losses)).not.toEqual(losses);
      },
      180_000,
    );
  });
}

/** Each process once. */
export const EVERY_PROCESS: readonly string[] = PROCESSES;
