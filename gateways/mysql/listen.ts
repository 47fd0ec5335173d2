import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Clock, Random } from '#schemas/kernel/ports.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { EngineLink } from '../link/engine-link.js';
import type { Dialect } from '../sql/dialect.js';
import type { StatementCache } from '../sql/statement-cache.js';
import { type Admitted, Handshake } from './handshake/handshake.js';
import { PasswordKey } from './handshake/password-key.js';
import { MysqlRefusal, refusalOf } from './session/refusals.js';
import { type FrontEnd, Session } from './session/session.js';
import { writeError } from './wire/answers.js';
import { PacketInput } from './wire/packet-input.js';

/** What clients take for the version of MySQL whose protocol and statements they may use. */
const VERSION = '8.0.36-polylog';
/** max_allowed_packet. */
const MESSAGE_BYTES_MAX = 67_108_864;
/** Connections beyond the sessions: those that authenticate. */
const EXTRA_CONNECTIONS = 100;

export interface GatewayOptions {
  readonly link: EngineLink;
  readonly clock: Clock;
  readonly random: Random;
  /** The SQL front end of the dialect; may be replaced later. */
  readonly frontEnd: FrontEnd;
  /** PEM texts; null = TLS is not offered. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly maxConnections: number;
  /** Hears of errors that are bugs. */
  readonly onBug: (error: unknown) => void;
}

/** The MySQL gateway. Owns the listening socket and its clients: each is first in the hands of a Handshake, then of a Session. */
export class MysqlGateway {
  readonly #options: GatewayOptions;
  readonly #secureContext: SecureContext | null;
  readonly #passwordKey = new PasswordKey();
  readonly #server: Server;
  readonly #sessions = new Map<number, Session>();
  readonly #handshakes = new Set<Handshake>();
  #frontEnd: FrontEnd;
  #lastConnection = 0;
  #draining = false;
  #onIdle: () => void = () => {};

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#frontEnd = options.frontEnd;
    this.#secureContext = options.tls === null ? null : createSecureContext(options.tls);
    this.#server = createServer({ noDelay: true }, (socket) => this.accept(socket));
  }

  /** Listens; answers the port that it got. Rejects when the address cannot be bound. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', this.#options.onBug);
        const address = this.#server.address();
        resolve(address !== null && typeof address === 'object' ? address.port : 0);
      });
    });
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** New connections use these from now on; those that exist keep theirs. */
  replaceDialect(dialect: Dialect, cache: StatementCache): void {
    this.#frontEnd = { dialect, cache };
  }

  /** Takes a connection that was accepted elsewhere. */
  accept(socket: Socket): void {
    const { link, clock, random, onBug, maxConnections } = this.#options;
    if (this.#sessions.size + this.#handshakes.size >= maxConnections + EXTRA_CONNECTIONS) {
      socket.destroy();
      return;
    }
    const forget = { now: (): void => {} };
    const handshake = new Handshake(socket, ++this.#lastConnection, {
      link,
      clock,
      random,
      secureContext: this.#secureContext,
      passwordKey: this.#passwordKey,
      version: VERSION,
      refusal: () => this.#refusal(),
      onAdmitted: (admitted) => {
        forget.now();
        this.#admit(admitted);
      },
      onClosed: () => forget.now(),
      onBug,
    });
    if (handshake.isOver) return;
    this.#handshakes.add(handshake);
    forget.now = () => {
      this.#handshakes.delete(handshake);
      this.#checkIdle();
    };
  }

  /** Stops listening, lets transactions under way end, and resolves when the last client is gone: after `graceMs` at the latest. */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    this.#server.close();
    const shutdown = new SqlError('admin_shutdown', 'Server shutdown in progress');
    for (const handshake of [...this.#handshakes]) handshake.abort(shutdown);
    for (const session of [...this.#sessions.values()]) session.drain();
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    this.#checkIdle();
    const cancelTimer = this.#options.clock.after(graceMs, () => {
      for (const session of [...this.#sessions.values()]) session.onLost(shutdown);
    });
    await idle;
    cancelTimer();
  }

  #refusal(): SqlError | null {
    if (this.#draining) return new SqlError('cannot_connect_now', 'Server shutdown in progress');
    if (this.#sessions.size >= this.#options.maxConnections)
      return new SqlError('too_many_connections', 'Too many connections');
    return null;
  }

  /** KILL: a user may end what is theirs. Throws 1094 for a connection that is not there, 1095 for one of somebody else. */
  #kill(connection: number, user: string, queryOnly: boolean): void {
    const session = this.#sessions.get(connection);
    if (session === undefined) throw new MysqlRefusal(1094, 'HY000', `Unknown thread id: ${connection}`);
    if (session.user !== user) throw new MysqlRefusal(1095, 'HY000', `You are not owner of thread ${connection}`);
    session.cancel();
    if (!queryOnly) session.onLost(new SqlError('admin_shutdown', 'Connection was killed'));
  }

  #admit({ connection, socket, output, engine, user, database, capabilities }: Admitted): void {
    const { onBug } = this.#options;
    const input = new PacketInput(MESSAGE_BYTES_MAX);
    const session: Session = new Session({
      socket,
      input,
      output,
      engine,
      frontEnd: this.#frontEnd,
      capabilities,
      user,
      database,
      connection,
      version: VERSION,
      onBug,
      onKill: (number, queryOnly) => this.#kill(number, user, queryOnly),
      onClosed: () => {
        this.#sessions.delete(connection);
        this.#checkIdle();
      },
    });
    this.#sessions.set(connection, session);
    socket.on('data', (chunk: Buffer) => {
      input.push(chunk);
      session.pump();
    });
    for (const event of ['end', 'error', 'close']) socket.on(event, () => session.close());
    if (socket.destroyed) {
      session.close();
      return;
    }
    session.greet().then(
      () => session.pump(),
      (error: unknown) => {
        writeError(output.writer, refusalOf(error, onBug));
        output.flush();
        session.close();
      },
    );
  }

  #checkIdle(): void {
    if (this.#draining && this.#sessions.size === 0 && this.#handshakes.size === 0) this.#onIdle();
  }
}
