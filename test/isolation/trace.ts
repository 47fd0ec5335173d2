import { Client, type QueryResult } from 'pg';
import type { Level, Scenario, Step } from './scenario.js';

export interface Server {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A statement that has not answered by then is waiting for a lock. */
const WAITS_AFTER_MS = 250;

/** What a scenario did on one server. */
export interface Trace {
  /** Each step with its answer, in the order in which the answers came. */
  readonly answers: readonly string[];
  /** How each session's transactions ended: `commit`, `rollback`, or the SQLSTATE that ended it. */
  readonly ends: Readonly<Record<string, string>>;
  readonly outcome: readonly string[];
}

/** Runs scenarios on one server, each on connections and on a schema of its own. */
export class Runner {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  async run(scenario: Scenario, level: Level): Promise<Trace> {
    const schema = `s_${Math.random().toString(36).slice(2, 10)}`;
    const admin = await this.#connect(null);
    await admin.query(`create schema ${schema}`);
    await admin.query(`set search_path to ${schema}`);
    await admin.query('create table test (id int primary key, value int)');
    await admin.query('insert into test values (1, 10), (2, 20)');
    for (const sql of scenario.setup ?? []) await admin.query(sql);
    const conversation = new Conversation(() => this.#connect(schema), level);
    try {
      for (const step of scenario.steps) await conversation.take(step);
      await conversation.end();
      const outcome: string[] = [];
      for (const sql of scenario.outcome) outcome.push(show(await admin.query({ text: sql, rowMode: 'array' })));
      return { answers: conversation.answers, ends: conversation.ends, outcome };
    } finally {
      await conversation.close();
      await admin.query(`drop schema ${schema} cascade`);
      await admin.end();
    }
  }

  async #connect(schema: string | null): Promise<Client> {
    const client = new Client({ ...this.#server });
    client.on('error', () => undefined);
    await client.connect();
    if (schema !== null) await client.query(`set search_path to ${schema}`);
    return client;
  }
}

/** The sessions of a running scenario, and which of them wait. */
class Conversation {
  readonly answers: string[] = [];
  readonly ends: Record<string, string> = {};
  readonly #connect: () => Promise<Client>;
  readonly #level: Level;
  readonly #clients = new Map<string, Client>();
  readonly #waiting = new Map<string, Promise<void>>();

  constructor(connect: () => Promise<Client>, level: Level) {
    this.#connect = connect;
    this.#level = level;
  }

  async take({ session, sql }: Step): Promise<void> {
    let client = this.#clients.get(session);
    if (client === undefined) {
      client = await this.#connect();
      this.#clients.set(session, client);
    }
    const text = /^begin\b/.test(sql) ? sql.replace('begin', `begin isolation level ${this.#level}`) : sql;
    const before = this.#waiting.get(session) ?? Promise.resolve();
    const answered = before.then(() => this.#ask(client, session, text, sql));
    this.#waiting.set(session, answered);
    const from = this.answers.length;
    await this.#answeredOrWaiting();
    if (this.#waiting.has(session)) this.answers.push(`${session}: ${sql} … waits`);
    // Locks are released when a commit is appended and its own answer waits for the disk: whom it frees may answer first.
    const own = (answer: string): number => (answer.startsWith(`${session}: ${sql} `) ? 0 : 1);
    const freed = this.answers.splice(from).sort((a, b) => own(a) - own(b) || (a < b ? -1 : 1));
    this.answers.push(...freed);
  }

  /** Gives what was freed by the last step the time to answer. */
  async #answeredOrWaiting(): Promise<void> {
    const { promise, cancel } = after(WAITS_AFTER_MS);
    for (;;) {
      if (this.#waiting.size === 0) break;
      const all = Promise.all(this.#waiting.values()).then(() => true);
      if (await Promise.race([all, promise])) continue;
      break;
    }
    cancel();
  }

  async #ask(client: Client, session: string, text: string, sql: string): Promise<void> {
    let answer: string;
    try {
      const result = await client.query({ text, rowMode: 'array' });
      answer = show(result);
      if (/^(commit|rollback)$/.test(sql)) this.ends[session] ??= result.command.toLowerCase();
    } catch (error) {
      const { code } = error as { code?: string };
      answer = `ERROR ${code}`;
      if (code !== '25P02') this.ends[session] ??= String(code);
    }
    this.answers.push(`${session}: ${sql} → ${answer}`);
    this.#waiting.delete(session);
  }

  /** Waits for what still waits: a scenario ends all its transactions. */
  async end(): Promise<void> {
    await Promise.all(this.#waiting.values());
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.end()));
  }
}

function after(ms: number): { readonly promise: Promise<false>; readonly cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}

function show({ command, rowCount, rows, fields }: QueryResult): string {
  if (fields.length === 0) return rowCount === null ? command : `${command} ${rowCount}`;
  return JSON.stringify(rows);
}
