import type { Clock } from '#schemas/kernel/ports.js';
import { FrameTooLargeError } from '#schemas/link/frame-codec.js';
import { LINK_VERSION, type LinkClient, OP, REPLY, type Reply, type Request } from '#schemas/link/frames.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { StatementContexts } from './statement-contexts.js';

/** What a gateway's session hears from the link. Calls come in the order of the replies. */
export interface LinkSession {
  onReply(reply: Reply): void;
  /** The session is gone with its link; nothing more is called. */
  onLost(error: SqlError): void;
  /** The engine has caught up after `congested`. */
  onLinkDrain(): void;
}

export interface LinkOptions {
  /** Opens the transport: the Unix socket, or an end of an in-process link. */
  readonly connect: () => Promise<LinkClient>;
  /** The gateway's protocol, for the engine's log. */
  readonly protocol: string;
  readonly pid: number;
  readonly clock: Clock;
  /** Told whenever the engine is there or away from now on. */
  readonly onChange?: (up: boolean) => void;
}

const RETRY_FIRST_MS = 50;
/** A refused local connection costs microseconds; clients wait for the one that is not. */
const RETRY_MAX_MS = 200;

/**
 * The one client of the engine's link in a gateway process. It owns the connection, the numbers of sessions and statements, and the routing
 * of replies. When the link breaks, every session of it is lost (57P01), statements are forgotten, and connecting is tried again until
 * it succeeds or `close` is called; sessions opened meanwhile are refused with 57P03.
 */
export class EngineLink {
  readonly #options: LinkOptions;
  readonly #sessions = new Map<number, LinkSession>();
  #client: LinkClient | null = null;
  #lastSession = 0;
  #lastStatement = 0;
  #closed = false;
  #retryMs = RETRY_FIRST_MS;
  #cancelRetry: (() => void) | null = null;
  /** Statements known to the engine; a new object after each reconnection. */
  statements: StatementContexts;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.statements = this.#newStatements();
  }

  /** Connects and shakes hands once; rejects when that fails. Later breaks are mended in the background. */
  async start(): Promise<void> {
    const client = await this.#options.connect();
    await this.#greet(client);
    this.#adopt(client);
  }

  /** False while the engine is away. */
  get up(): boolean {
    return this.#client !== null;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get congested(): boolean {
    return this.#client?.congested ?? false;
  }

  /** Takes a session number; from now on its replies go to `session`. Throws 57P03 while the engine is away. */
  open(session: LinkSession): number {
    if (this.#client === null) throw new SqlError('cannot_connect_now', 'the database system is starting up');
    const number = ++this.#lastSession;
    this.#sessions.set(number, session);
    return number;
  }

  /** Sends a request of an open session. Throws 54000 for one that is too large; nothing was sent then. */
  send(request: Request): void {
    try {
      this.#client?.send(request);
    } catch (error) {
      if (!(error instanceof FrameTooLargeError)) throw error;
      throw new SqlError('program_limit_exceeded', error.message);
    }
  }

  /** The session is over: the engine forgets it and no reply of it is delivered any more. */
  release(number: number): void {
    if (this.#sessions.delete(number)) this.#client?.send([OP.close, number]);
  }

  /** A number for a new statement. */
  nextStatement(): number {
    return ++this.#lastStatement;
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#client?.close();
    this.#client = null;
    this.#loseAll(null);
  }

  #newStatements(): StatementContexts {
    return new StatementContexts((statement) => this.#client?.send([OP.forget, 0, statement]));
  }

  #greet(client: LinkClient): Promise<void> {
    return new Promise((resolve, reject) => {
      client.onClose = (error) => reject(error ?? new Error('the engine closed the link during its handshake'));
      client.onReply = (reply) => {
        if (reply[0] === REPLY.welcome) {
          resolve();
          return;
        }
        client.close();
        reject(new Error(reply[0] === REPLY.failure ? reply[3] : 'the engine did not answer the handshake'));
      };
      client.send([OP.hello, 0, LINK_VERSION, this.#options.protocol, this.#options.pid]);
    });
  }

  #adopt(client: LinkClient): void {
    this.#client = client;
    this.#retryMs = RETRY_FIRST_MS;
    this.statements = this.#newStatements();
    client.onReply = (reply) => {
      if (reply[1] === 0) {
        if (reply[0] === REPLY.catalogChanged) this.statements.clear();
      } else this.#sessions.get(reply[1])?.onReply(reply);
    };
    client.onDrain = () => {
      for (const session of [...this.#sessions.values()]) session.onLinkDrain();
    };
    this.#options.onChange?.(true);
    client.onClose = (error) => {
      if (this.#client !== client) return;
      this.#client = null;
      this.#options.onChange?.(false);
      this.#loseAll(error);
      this.#retryLater();
    };
  }

  #loseAll(error: Error | null): void {
    const lost = [...this.#sessions.values()];
    this.#sessions.clear();
    const reason =
      error === null
        ? new SqlError('admin_shutdown', 'terminating connection due to administrator command')
        : new SqlError('connection_failure', 'the connection to the engine was lost', { detail: error.message });
    for (const session of lost) session.onLost(reason);
  }

  #retryLater(): void {
    if (this.#closed) return;
    this.#cancelRetry = this.#options.clock.after(this.#retryMs, () => {
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
      this.start().then(
        () => {
          if (this.#closed) this.close();
        },
        () => this.#retryLater(),
      );
    });
  }
}
