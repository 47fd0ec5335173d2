import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Clock, Random } from '#schemas/kernel/ports.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { EngineLink, LinkSession } from '../link/engine-link.js';
import type { Dialect } from '../sql/dialect.js';
import { type Admitted, Handshake } from './handshake.js';
import { writeBackendKeyData, writeParameterStatus } from './messages/session-start.js';
import { REPORTED_SETTINGS } from './reported-settings.js';
import { Session } from './session.js';
import type { SessionSurroundings } from './session-surroundings.js';
import type { StatementSource } from './statement-source.js';
import { TextFormats } from './text-formats.js';

export interface GatewayOptions {
  readonly link: EngineLink;
  readonly clock: Clock;
  readonly random: Random;
  /** The SQL front end of the dialect; may be replaced later. */
  readonly source: StatementSource;
  /** PEM texts; null = TLS is not offered. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly maxConnections: number;
  /** Hears of errors that are bugs. */
  readonly onBug: (error: unknown) => void;
}

interface Connected {
  readonly session: Session;
  readonly secret: number;
}

/** Connections beyond the sessions: those that authenticate or cancel. */
const EXTRA_CONNECTIONS = 100;

/**
 * The PostgreSQL gateway. It owns the listening socket and its clients: each is first in the hands of a Handshake, then of a Session.
 */
export class PostgresGateway {
  readonly #options: GatewayOptions;
  readonly #secureContext: SecureContext | null;
  readonly #surroundings: SessionSurroundings;
  readonly #server: Server;
  readonly #sessions = new Map<number, Connected>();
  readonly #handshakes = new Set<Handshake>();
  #source: StatementSource;
  #draining = false;
  #onIdle: () => void = () => {};

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#source = options.source;
    this.#secureContext = options.tls === null ? null : createSecureContext(options.tls);
    const { link, clock, onBug } = options;
    this.#surroundings = { link, clock, formats: new TextFormats(clock), onBug };
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.accept(socket));
  }

  /** Listens; answers the port that it got. Rejects when the address cannot be bound. */
  listen(host: string, port: number): Promise<number> {
    return this.#listenOn({ host, port });
  }

  /** Listens on a Unix socket. */
  listenUnix(path: string): Promise<number> {
    return this.#listenOn({ path });
  }

  #listenOn(where: { readonly host: string; readonly port: number } | { readonly path: string }): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(where, () => {
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

  /** New connections use `source` from now on; those that exist keep theirs. */
  replaceSource(source: StatementSource): void {
    this.#source = source;
  }

  /** As replaceSource; the protocol asks nothing of the dialect but its texts' programs. */
  replaceDialect(_dialect: Dialect, source: StatementSource): void {
    this.replaceSource(source);
  }

  /** Takes a connection that was accepted elsewhere. */
  accept(socket: Socket): void {
    if (this.#sessions.size + this.#handshakes.size >= this.#options.maxConnections + EXTRA_CONNECTIONS) {
      socket.destroy();
      return;
    }
    const { link, clock, random, onBug } = this.#options;
    const handshake: Handshake = new Handshake(socket, {
      link,
      clock,
      random,
      secureContext: this.#secureContext,
      refusal: () => this.#refusal(),
      onCancel: (pid, secret) => this.#cancel(pid, secret),
      onAdmitted: (admitted) => {
        this.#handshakes.delete(handshake);
        return this.#admit(admitted);
      },
      onClosed: () => {
        this.#handshakes.delete(handshake);
        this.#checkIdle();
      },
      onBug,
    });
    this.#handshakes.add(handshake);
  }

  /**
   * Stops listening, lets transactions under way end, and resolves when the last client is gone: after `graceMs` at the latest, when those
   * that are left are cut off.
   */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    this.#server.close();
    const shutdown = new SqlError('admin_shutdown', 'terminating connection due to administrator command');
    for (const handshake of [...this.#handshakes]) handshake.abort(shutdown);
    for (const { session } of [...this.#sessions.values()]) session.drain();
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    this.#checkIdle();
    const cancelTimer = this.#options.clock.after(graceMs, () => {
      for (const { session } of [...this.#sessions.values()]) session.onLost(shutdown);
    });
    await idle;
    cancelTimer();
  }

  #refusal(): SqlError | null {
    if (this.#draining) return new SqlError('cannot_connect_now', 'the database system is shutting down');
    if (this.#sessions.size >= this.#options.maxConnections)
      return new SqlError('too_many_connections', 'sorry, too many clients already');
    return null;
  }

  #cancel(pid: number, secret: number): void {
    const connected = this.#sessions.get(pid);
    if (connected !== undefined && connected.secret === secret) connected.session.cancel();
  }

  #admit(admitted: Admitted): LinkSession {
    const { socket, input, number, output } = admitted;
    const session = new Session({ ...admitted, source: this.#source }, this.#surroundings);
    const secret = Buffer.from(this.#options.random.bytes(4)).readInt32BE(0);
    this.#sessions.set(number, { session, secret });
    session.onClosed.push(() => {
      this.#sessions.delete(number);
      this.#checkIdle();
    });
    socket.on('data', (chunk: Buffer) => {
      input.push(chunk);
      session.pump();
    });
    socket.on('end', () => session.onClientEnd());
    socket.on('error', () => session.close());
    socket.on('close', () => session.close());
    for (const [name, value] of Object.entries(admitted.settings)) {
      if (REPORTED_SETTINGS.has(name)) writeParameterStatus(output.writer, name, value);
    }
    writeBackendKeyData(output.writer, number, secret);
    session.begin();
    if (socket.destroyed) session.close();
    return session;
  }

  #checkIdle(): void {
    if (this.#draining && this.#sessions.size === 0 && this.#handshakes.size === 0) this.#onIdle();
  }
}
