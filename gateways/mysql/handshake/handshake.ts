import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Clock, Random } from '#schemas/kernel/ports.js';
import { OP, REPLY, type Reply } from '#schemas/link/frames.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { EngineLink, LinkSession } from '../../link/engine-link.js';
import { EngineSession } from '../session/engine-session.js';
import { searchPathOf } from '../session/program.js';
import { EngineRefusal, MysqlRefusal, refusalOf } from '../session/refusals.js';
import { writeError } from '../wire/answers.js';
import { Output } from '../wire/output.js';
import { type Message, PacketInput } from '../wire/packet-input.js';
import {
  NONCE_BYTES,
  offered,
  PLUGIN,
  type Response,
  readResponse,
  writeGreeting,
  writeMore,
  writeSwitch,
} from './greeting.js';
import type { PasswordKey } from './password-key.js';

const AUTHENTICATION_MS = 10_000;
/** What a client may send before it is known. */
const MESSAGE_BYTES_MAX = 65_536;
const KEY_WANTED = 2;
/** What is enciphered is as long as the key. */
const KEY_BYTES = 256;
/** The database of the cluster whose schemas are MySQL's databases. */
const DATABASE = 'polylog';

/** A client that the engine has let in. */
export interface Admitted {
  /** The connection's number, which its client was told. */
  readonly connection: number;
  readonly socket: Socket;
  readonly output: Output;
  readonly engine: EngineSession;
  readonly user: string;
  readonly database: string | null;
  readonly capabilities: number;
}

export interface HandshakeHost {
  readonly link: EngineLink;
  readonly clock: Clock;
  readonly random: Random;
  /** null = TLS is not offered. */
  readonly secureContext: SecureContext | null;
  readonly passwordKey: PasswordKey;
  readonly version: string;
  /** Why no session can be begun now; null = it can. */
  readonly refusal: () => SqlError | null;
  /** The handshake is over: the socket's events belong to others from now on. */
  readonly onAdmitted: (admitted: Admitted) => void;
  readonly onClosed: () => void;
  readonly onBug: (error: unknown) => void;
}

/**
 * A client from the greeting until it is authenticated. Owns the socket for that time. A password is taken only by TLS or enciphered for our key, and goes
 * to the engine, which alone judges it.
 */
export class Handshake implements LinkSession {
  readonly #host: HandshakeHost;
  readonly #connection: number;
  readonly #nonce: Uint8Array;
  readonly #offered: number;
  #socket: Socket;
  #output: Output;
  #input = new PacketInput(MESSAGE_BYTES_MAX, 1);
  #secured = false;
  #over = false;
  #number = 0;
  #engine: EngineSession | null = null;
  #heard: ((message: Message) => void) | null = null;
  #replied: ((reply: Reply) => void) | null = null;
  readonly #cancelTimer: () => void;

  constructor(socket: Socket, connection: number, host: HandshakeHost) {
    this.#host = host;
    this.#connection = connection;
    this.#socket = socket;
    this.#output = new Output(socket);
    // Printable bytes without zeros: some clients take the nonce as a text.
    this.#nonce = host.random.bytes(NONCE_BYTES).map((byte) => 33 + (byte % 94));
    this.#offered = offered(host.secureContext !== null);
    this.#cancelTimer = host.clock.after(AUTHENTICATION_MS, () =>
      this.abort(new SqlError('connection_failure', 'authentication took too long')),
    );
    this.#listen(socket);
    const refusal = host.refusal();
    if (refusal !== null) {
      this.abort(refusal);
      return;
    }
    writeGreeting(this.#output.writer, host.version, connection, this.#nonce, this.#offered);
    this.#output.flush();
    this.#authenticate().catch((error: unknown) => this.abort(error));
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Ends it with an error packet. */
  abort(error: unknown): void {
    if (this.#over) return;
    const { writer } = this.#output;
    writer.abandon();
    writeError(writer, refusalOf(error, this.#host.onBug));
    this.#output.flush();
    this.#end();
  }

  onReply(reply: Reply): void {
    if (this.#engine !== null) {
      this.#engine.onReply(reply);
      return;
    }
    const replied = this.#replied;
    this.#replied = null;
    replied?.(reply);
  }

  onLost(error: SqlError): void {
    if (this.#engine !== null) this.#engine.onLost(error);
    else this.abort(error);
  }

  onLinkDrain(): void {}

  readonly #onGone = (): void => this.#end();

  readonly #onData = (chunk: Buffer): void => {
    this.#input.push(chunk);
    this.#pump();
  };

  #pump(): void {
    try {
      if (this.#heard === null) {
        if (this.#input.held > MESSAGE_BYTES_MAX)
          throw new SqlError('protocol_violation', 'too much data before authentication');
        return;
      }
      const message = this.#input.next();
      if (message === null) return;
      const heard = this.#heard;
      this.#heard = null;
      this.#output.writer.sequence = message.nextSequence;
      heard(message);
    } catch (error) {
      this.abort(error);
    }
  }

  #next(): Promise<Buffer> {
    this.#output.flush();
    return new Promise((resolve) => {
      this.#input.expect(this.#output.writer.sequence);
      this.#heard = ({ payload }) => resolve(payload);
      this.#pump();
    });
  }

  async #authenticate(): Promise<void> {
    let response = readResponse(await this.#next(), this.#offered);
    if (response === null) {
      this.#secure();
      response = readResponse(await this.#next(), this.#offered);
      if (response === null) throw new SqlError('protocol_violation', 'TLS was asked for twice');
    }
    let { answer } = response;
    if (response.plugin !== PLUGIN) {
      writeSwitch(this.#output.writer, this.#nonce);
      answer = await this.#next();
    }
    const { link } = this.#host;
    this.#number = link.open(this);
    const settings = { search_path: searchPathOf(response.database) };
    const peer = this.#socket.remoteAddress ?? 'local';
    await this.#ask([OP.open, this.#number, response.user, DATABASE, PLUGIN, peer, settings]);
    const first = await this.#ask([OP.authenticate, this.#number, Buffer.concat([this.#nonce, answer])]);
    if (first[0] === REPLY.authContinue) {
      writeMore(this.#output.writer, first[2]);
      const password = await this.#password();
      const end = password.indexOf(0);
      const given = end < 0 ? password : password.subarray(0, end);
      const last = await this.#ask([OP.authenticate, this.#number, Buffer.from(given)]);
      if (last[0] !== REPLY.ready) throw new Error(`the engine sent an unexpected reply ${last[0]}`);
    } else if (first[0] === REPLY.ready) writeMore(this.#output.writer, first[2]);
    this.#admit(response);
  }

  /** The client's password with a zero behind it. */
  async #password(): Promise<Buffer> {
    const message = await this.#next();
    // MariaDB's client takes a connection inside the machine for as good as a secure one, and asks for no key.
    if (this.#secured || (isInsideMachine(this.#socket) && message.at(-1) === 0 && message.length < KEY_BYTES))
      return message;
    const { passwordKey } = this.#host;
    if (message.length !== 1 || message[0] !== KEY_WANTED) return passwordKey.decipher(message, this.#nonce);
    writeMore(this.#output.writer, await passwordKey.publicPem());
    return passwordKey.decipher(await this.#next(), this.#nonce);
  }

  #ask(request: Parameters<EngineLink['send']>[0]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#replied = (reply) => {
        if (reply[0] === REPLY.failure) reject(this.#refusal(new EngineRefusal(reply)));
        else resolve(reply);
      };
      this.#host.link.send(request);
    });
  }

  #refusal(error: EngineRefusal): Error {
    if (error.sqlstate !== '28P01' && error.sqlstate !== '28000') return error;
    return new MysqlRefusal(1045, '28000', `Access denied: ${error.message}`);
  }

  /** TLS from here on. What came behind the request is the client's first message of TLS, as the client need not wait. */
  #secure(): void {
    const { secureContext } = this.#host;
    if (secureContext === null || this.#secured) throw new SqlError('protocol_violation', 'TLS is not offered');
    this.#secured = true;
    const plain = this.#socket;
    this.#unlisten(plain);
    plain.on('error', this.#onGone);
    plain.pause();
    const rest = this.#input.takeRest();
    if (rest.length > 0) plain.unshift(rest);
    const { sequence } = this.#output.writer;
    const secure = new TLSSocket(plain, { isServer: true, secureContext });
    this.#socket = secure;
    this.#output = new Output(secure);
    this.#output.writer.sequence = sequence;
    this.#listen(secure);
  }

  #admit({ user, database, capabilities }: Response): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelTimer();
    this.#unlisten(this.#socket);
    this.#engine = new EngineSession(this.#host.link, this.#number, DATABASE, user, searchPathOf(database));
    this.#host.onAdmitted({
      connection: this.#connection,
      socket: this.#socket,
      output: this.#output,
      engine: this.#engine,
      user,
      database,
      capabilities,
    });
  }

  #listen(socket: Socket): void {
    socket.on('data', this.#onData);
    socket.on('end', this.#onGone);
    socket.on('close', this.#onGone);
    socket.on('error', this.#onGone);
  }

  #unlisten(socket: Socket): void {
    socket.off('data', this.#onData);
    socket.off('end', this.#onGone);
    socket.off('close', this.#onGone);
    socket.off('error', this.#onGone);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelTimer();
    if (this.#number !== 0) this.#host.link.release(this.#number);
    this.#unlisten(this.#socket);
    this.#socket.on('error', () => {});
    this.#socket.destroySoon();
    this.#host.onClosed();
  }
}

function isInsideMachine({ remoteAddress }: Socket): boolean {
  return remoteAddress !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(remoteAddress);
}
