import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Clock, Random } from '#schemas/kernel/ports.js';
import { OP, REPLY, type Reply } from '#schemas/link/frames.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { EngineLink, LinkSession } from '../link/engine-link.js';
import { MessageReader, protocolViolation } from './decode.js';
import { reportOf, reportOfFailure } from './errors.js';
import { INCOMPLETE, Input } from './input.js';
import {
  writeAuthenticationOk,
  writeAuthenticationSasl,
  writeAuthenticationSaslContinue,
  writeAuthenticationSaslFinal,
} from './messages/authentication.js';
import { ERROR_RESPONSE, type Report, writeReport } from './messages/error-response.js';
import { readSaslInitialResponse } from './messages/sasl.js';
import { writeNegotiateProtocolVersion } from './messages/session-start.js';
import { type FirstMessage, readFirstMessage, STARTUP_BYTES_MAX } from './messages/startup.js';
import { Output } from './output.js';
import { startupOptions } from './startup-options.js';

const AUTHENTICATION_MS = 60_000;
const MECHANISM = 'SCRAM-SHA-256';
const PASSWORD_MESSAGE = 0x70;

/** A client that the engine has let in. */
export interface Admitted {
  readonly socket: Socket;
  readonly output: Output;
  readonly input: Input;
  readonly number: number;
  readonly user: string;
  readonly database: string;
  readonly settings: Readonly<Record<string, string>>;
}

export interface HandshakeHost {
  readonly link: EngineLink;
  readonly clock: Clock;
  readonly random: Random;
  /** null = TLS is not offered. */
  readonly secureContext: SecureContext | null;
  /** Why no session can be begun now; null = it can. */
  readonly refusal: () => SqlError | null;
  readonly onCancel: (pid: number, secret: number) => void;
  /** The handshake is over: the socket's events belong to the session. Answers that session, to which the link speaks from now on. */
  readonly onAdmitted: (admitted: Admitted) => LinkSession;
  readonly onClosed: () => void;
  readonly onBug: (error: unknown) => void;
}

type Phase = 'startup' | 'opening' | 'sasl-first' | 'sasl-wait' | 'sasl-next' | 'over';

/**
 * A client from its first byte until it is authenticated. It owns the socket for that time; nothing that an unauthenticated client sends is kept beyond the
 * limits of these messages. Data that comes behind an SSLRequest in clear is refused, as it could have been slipped in by somebody else.
 */
export class Handshake implements LinkSession {
  readonly #host: HandshakeHost;
  #socket: Socket;
  #output: Output;
  readonly #input = new Input();
  readonly #reader = new MessageReader();
  readonly #cancelTimer: () => void;
  #phase: Phase = 'startup';
  /** The first message's bytes. */
  #first: Buffer = Buffer.alloc(0);
  #secured = false;
  #number = 0;
  #user = '';
  #database = '';
  #session: LinkSession | null = null;

  constructor(socket: Socket, host: HandshakeHost) {
    this.#host = host;
    this.#socket = socket;
    this.#output = new Output(socket);
    this.#cancelTimer = host.clock.after(AUTHENTICATION_MS, () =>
      this.#refuse(new SqlError('query_canceled', 'canceling authentication due to timeout')),
    );
    this.#listen(socket);
  }

  /** The server is going down. */
  abort(error: SqlError): void {
    this.#refuse(error);
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

  readonly #onGone = (): void => this.#end();

  readonly #onData = (chunk: Buffer): void => {
    try {
      if (this.#phase === 'startup') this.#readFirst(chunk);
      else {
        this.#input.push(chunk);
        this.#readMessages();
      }
    } catch (error) {
      this.#refuse(error);
    }
  };

  #readFirst(chunk: Buffer): void {
    this.#first = this.#first.length === 0 ? chunk : Buffer.concat([this.#first, chunk]);
    while (this.#phase === 'startup' && this.#first.length >= 4) {
      const length = this.#first.readInt32BE(0);
      if (length < 8 || length > STARTUP_BYTES_MAX) throw protocolViolation('invalid length of startup packet');
      if (this.#first.length < length) return;
      this.#reader.open(this.#first, 4, length);
      const message = readFirstMessage(this.#reader);
      this.#first = this.#first.subarray(length);
      this.#handleFirst(message);
    }
  }

  #handleFirst(message: FirstMessage): void {
    switch (message.kind) {
      case 'gss':
        this.#socket.write('N');
        return;
      case 'ssl':
        this.#answerSsl();
        return;
      case 'cancel':
        this.#end();
        this.#host.onCancel(message.pid, message.secret);
        return;
      case 'startup':
        this.#start(message.parameters, message.minor);
    }
  }

  #answerSsl(): void {
    const { secureContext } = this.#host;
    if (secureContext === null || this.#secured) {
      this.#socket.write('N');
      return;
    }
    if (this.#first.length > 0) throw protocolViolation('received unencrypted data after SSL request');
    this.#secured = true;
    const plain = this.#socket;
    plain.write('S');
    this.#unlisten(plain);
    plain.on('error', this.#onGone);
    const secure = new TLSSocket(plain, { isServer: true, secureContext });
    this.#socket = secure;
    this.#output = new Output(secure);
    this.#listen(secure);
  }

  #start(parameters: ReadonlyMap<string, string>, minor: number): void {
    const { host, link } = { host: this.#host, link: this.#host.link };
    const refusal = host.refusal();
    if (refusal !== null) throw refusal;
    const { user, database, settings, unknownOptions } = startupOptions(parameters);
    if (minor > 0 || unknownOptions.length > 0)
      writeNegotiateProtocolVersion(this.#output.writer, 0x3_0000, unknownOptions);
    this.#user = user;
    this.#database = database;
    this.#number = link.open(this);
    this.#phase = 'opening';
    this.#input.push(Buffer.from(this.#first));
    this.#first = Buffer.alloc(0);
    link.send([
      OP.open,
      this.#number,
      user,
      database,
      'scram-sha-256',
      this.#socket.remoteAddress ?? 'local',
      settings,
    ]);
  }

  #readMessages(): void {
    while (this.#phase === 'sasl-first' || this.#phase === 'sasl-next') {
      const type = this.#input.peek();
      if (type === INCOMPLETE) return;
      if (type !== PASSWORD_MESSAGE) throw protocolViolation(`expected SASL response, got message type ${type}`);
      this.#reader.open(this.#input.buffer, this.#input.start, this.#input.end);
      let data: Uint8Array;
      if (this.#phase === 'sasl-first') {
        const initial = readSaslInitialResponse(this.#reader);
        if (initial.mechanism !== MECHANISM)
          throw protocolViolation('client selected an invalid SASL authentication mechanism');
        data = initial.data;
      } else {
        data = this.#reader.rest();
      }
      this.#input.advance();
      this.#phase = 'sasl-wait';
      this.#host.link.send([OP.authenticate, this.#number, data]);
    }
    // Nothing may be sent ahead while the engine is asked; a client that does so all the same must not fill our memory.
    if (this.#input.held > STARTUP_BYTES_MAX) throw protocolViolation('too much data before authentication');
  }

  onReply(reply: Reply): void {
    if (this.#session !== null) {
      this.#session.onReply(reply);
      return;
    }
    try {
      this.#handle(reply);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #handle(reply: Reply): void {
    const out = this.#output.writer;
    switch (reply[0]) {
      case REPLY.authContinue:
        if (this.#phase === 'opening') {
          writeAuthenticationSasl(out, [MECHANISM]);
          this.#phase = 'sasl-first';
        } else {
          writeAuthenticationSaslContinue(out, reply[2]);
          this.#phase = 'sasl-next';
        }
        this.#output.flush();
        this.#readMessages();
        return;
      case REPLY.ready:
        if (reply[2].length > 0) writeAuthenticationSaslFinal(out, reply[2]);
        writeAuthenticationOk(out);
        this.#admit(reply[3]);
        return;
      case REPLY.failure:
        this.#refuseWith(reportOfFailure(reply, 'FATAL', null));
        return;
      default:
        throw protocolViolation('the engine sent an unexpected reply during authentication');
    }
  }

  #admit(settings: Readonly<Record<string, string>>): void {
    this.#phase = 'over';
    this.#cancelTimer();
    this.#unlisten(this.#socket);
    this.#session = this.#host.onAdmitted({
      socket: this.#socket,
      output: this.#output,
      input: this.#input,
      number: this.#number,
      user: this.#user,
      database: this.#database,
      settings,
    });
  }

  onLost(error: SqlError): void {
    if (this.#session !== null) this.#session.onLost(error);
    else this.#refuse(error);
  }

  onLinkDrain(): void {
    this.#session?.onLinkDrain();
  }

  #refuse(error: unknown): void {
    if (!(error instanceof SqlError)) this.#host.onBug(error);
    this.#refuseWith(reportOf(error, 'FATAL', null));
  }

  #refuseWith(report: Report): void {
    if (this.#phase === 'over') return;
    writeReport(this.#output.writer, ERROR_RESPONSE, report);
    this.#output.flush();
    this.#end();
  }

  #end(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#cancelTimer();
    if (this.#number !== 0) this.#host.link.release(this.#number);
    this.#unlisten(this.#socket);
    this.#socket.on('error', () => {});
    this.#socket.destroySoon();
    this.#host.onClosed();
  }
}
