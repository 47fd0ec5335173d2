import { LINK_VERSION, type LinkPeer, OP, type Open, REPLY, type Request } from '#schemas/link/frames.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { DEFAULT_TEXT_CONTEXT, parseText } from '#schemas/values/text-form.js';
import { TYPES } from '#schemas/values/type-name.js';
import { CachingSha2Exchange, FAST_OK, FULL_WANTED } from '../security/caching-sha2.js';
import { ScramExchange } from '../security/scram.js';
import { failureReply } from './failure-reply.js';
import type { EngineServices } from './services.js';
import { Session } from './session.js';
import { SessionSettings } from './settings.js';
import { StatementRegistry } from './statement-registry.js';

interface Opening {
  readonly open: Open;
  readonly exchange: ScramExchange | CachingSha2Exchange;
  step: 'first' | 'final';
}

const SERVER_NAME = 'Polylog';

/** One gateway's connection: authenticates its clients, and hands each session's requests to it. */
export class GatewayConnection {
  readonly #peer: LinkPeer;
  readonly #services: EngineServices;
  readonly #mockSecret: Uint8Array;
  readonly #sessions = new Map<number, Session>();
  readonly #opening = new Map<number, Opening>();
  readonly #statements = new StatementRegistry();
  readonly #onEnd: (connection: GatewayConnection) => void;
  /** Its clients are who they say they are: the operator's own connection, which no socket leads to. */
  readonly #trusted: boolean;

  constructor(
    peer: LinkPeer,
    services: EngineServices,
    mockSecret: Uint8Array,
    trusted: boolean,
    onEnd: (connection: GatewayConnection) => void,
  ) {
    this.#peer = peer;
    this.#services = services;
    this.#mockSecret = mockSecret;
    this.#trusted = trusted;
    this.#onEnd = onEnd;
    peer.onRequest = (request) => this.#receive(request);
    peer.onClose = () => this.#end();
  }

  get sessions(): ReadonlyMap<number, Session> {
    return this.#sessions;
  }

  /** A commit changed the catalog. */
  catalogChanged(): void {
    this.#peer.reply([REPLY.catalogChanged, 0]);
  }

  close(): void {
    this.#end();
    this.#peer.close();
  }

  #receive(request: Request): void {
    const session = this.#sessions.get(request[1]);
    if (session !== undefined) {
      if (request[0] === OP.cancel) session.cancel();
      else if (request[0] === OP.close) this.#closeSession(request[1]);
      else session.receive(request);
      return;
    }
    try {
      this.#receiveOutside(request);
    } catch (error) {
      this.#opening.delete(request[1]);
      this.#peer.reply(failureReply(request[1], error, 0, this.#services));
    }
  }

  #receiveOutside(request: Request): void {
    switch (request[0]) {
      case OP.hello:
        if (request[2] !== LINK_VERSION) {
          throw new SqlError(
            'protocol_violation',
            `this engine speaks link version ${LINK_VERSION}, the gateway version ${request[2]}: start both from one release`,
          );
        }
        this.#peer.reply([REPLY.welcome, 0, LINK_VERSION, SERVER_NAME]);
        return;
      case OP.open:
        this.#open(request);
        return;
      case OP.authenticate:
        this.#authenticate(request[1], request[2]);
        return;
      case OP.forget:
        this.#statements.forget(request[2]);
        return;
      case OP.cancel:
      case OP.close:
      case OP.closePortal:
        this.#opening.delete(request[1]);
        return;
      default:
        throw new SqlError('connection_does_not_exist', `session ${request[1]} is not open`);
    }
  }

  #open(request: Open): void {
    const [, number, user, , method] = request;
    if (this.#trusted) {
      this.#enter(request, new Uint8Array(0));
      return;
    }
    const exchange = this.#exchange(method, user);
    this.#opening.set(number, { open: request, exchange, step: 'first' });
    this.#peer.reply([REPLY.authContinue, number, new Uint8Array(0)]);
  }

  #exchange(method: string, user: string): Opening['exchange'] {
    const verifier = this.#verifierOf(user);
    switch (method) {
      case 'scram-sha-256':
        return new ScramExchange(user, verifier, this.#mockSecret, this.#services.random);
      case 'caching_sha2_password':
        return new CachingSha2Exchange(user, verifier, this.#services.passwords);
      default:
        throw new SqlError('feature_not_supported', `authentication method ${method} is not supported`);
    }
  }

  /** Null for who may not come in by a password: unknown, no login, none set, or its time is over. */
  #verifierOf(name: string): string | null {
    const user = this.#services.catalog.current.user(name);
    if (user === null || !user.login) return null;
    if (user.validUntil !== null) {
      const until = parseText(TYPES.timestamptz, user.validUntil, DEFAULT_TEXT_CONTEXT);
      if (typeof until === 'bigint' && until < this.#services.clock.nowMicros()) return null;
    }
    return user.verifier;
  }

  #authenticate(number: number, data: Uint8Array): void {
    const opening = this.#opening.get(number);
    if (opening === undefined)
      throw new SqlError('protocol_violation', 'an authentication message came without a session being opened');
    if (opening.exchange instanceof CachingSha2Exchange) {
      this.#authenticateBySha2(number, opening, opening.exchange, data);
      return;
    }
    const message = Buffer.from(data).toString('utf8');
    if (opening.step === 'first') {
      opening.step = 'final';
      this.#peer.reply([REPLY.authContinue, number, Buffer.from(opening.exchange.first(message))]);
      return;
    }
    const last = Buffer.from(opening.exchange.final(message));
    this.#opening.delete(number);
    this.#enter(opening.open, last);
  }

  #authenticateBySha2(number: number, opening: Opening, exchange: CachingSha2Exchange, data: Uint8Array): void {
    if (opening.step === 'first' && !exchange.first(data)) {
      opening.step = 'final';
      this.#peer.reply([REPLY.authContinue, number, Uint8Array.of(FULL_WANTED)]);
      return;
    }
    if (opening.step === 'final') exchange.final(data);
    this.#opening.delete(number);
    this.#enter(opening.open, opening.step === 'first' ? Uint8Array.of(FAST_OK) : new Uint8Array(0));
  }

  #enter(open: Open, last: Uint8Array): void {
    const session = this.#start(open);
    session.tellsGenerated = session.block.failsAlone = open[4] === 'caching_sha2_password';
    this.#sessions.set(open[1], session);
    this.#peer.reply([REPLY.ready, open[1], last, session.settings.reported()]);
  }

  #start([, number, userName, databaseName, , , given]: Open): Session {
    const { catalog } = this.#services;
    const user = catalog.current.user(userName);
    if (user === null) throw new SqlError('invalid_authorization_specification', `role "${userName}" does not exist`);
    const { connectionLimit } = user;
    if (connectionLimit >= 0 && !user.superuser && this.#services.sessionsOf(user.id) >= connectionLimit)
      throw new SqlError('too_many_connections', `too many connections for role "${user.name}"`);
    const database = catalog.current.database(databaseName);
    if (database === null) throw new SqlError('invalid_catalog_name', `database "${databaseName}" does not exist`);
    const settings = new SessionSettings();
    settings.initialise(given);
    settings.fix('is_superuser', user.superuser ? 'on' : 'off');
    settings.fix('session_authorization', user.name);
    return new Session(number, this.#peer, this.#statements, this.#services, user, database, settings);
  }

  #closeSession(number: number): void {
    this.#sessions.get(number)?.close();
    this.#sessions.delete(number);
  }

  #end(): void {
    for (const number of [...this.#sessions.keys()]) this.#closeSession(number);
    this.#opening.clear();
    this.#onEnd(this);
  }
}
