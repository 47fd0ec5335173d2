import type { SqlType } from '../values/type.js';
import type { Row, Value } from '../values/value.js';

/**
 * Frames between a gateway and an engine. On the socket each frame is one MessagePack array behind a 4-byte big-endian length; all
 * frames ready in one tick travel in one write. In process the same tuples are handed over as they are.
 *
 * A session is numbered by its gateway. Requests of one session are answered in order, each by exactly one closing reply (every reply
 * but `Rows`, `Notice` and `CatalogChanged` closes); a gateway may send several without waiting. Requests of different sessions are independent.
 */
export const LINK_VERSION = 1;

// ── requests: [op, session, …] ───────────────────────────────────────────────────────────────────────────────────────

export const OP = {
  hello: 0,
  open: 1,
  authenticate: 2,
  prepare: 3,
  execute: 4,
  fetch: 5,
  closePortal: 6,
  copyData: 7,
  copyEnd: 8,
  finish: 9,
  cancel: 10,
  close: 11,
  forget: 12,
  fail: 13,
} as const;

/** First frame of a connection. Answered by Welcome or a Failure (other version). */
export type Hello = readonly [op: typeof OP.hello, session: 0, version: number, protocol: string, pid: number];

/** A client wants to be `user` in `database`. Answered by AuthContinue, Ready or Failure. */
export type Open = readonly [
  op: typeof OP.open,
  session: number,
  user: string,
  database: string,
  /** Method that the gateway's protocol will relay: 'scram-sha-256', … */
  method: string,
  /** Client's address for the audit and for messages. */
  peer: string,
  /** Settings from the start message, by PostgreSQL's names. */
  settings: Readonly<Record<string, string>>,
];

/** One client message of the authentication exchange, relayed untouched. */
export type Authenticate = readonly [op: typeof OP.authenticate, session: number, data: Uint8Array];

/**
 * Binds a program in the session's context. `statement` is numbered by the gateway, unique in its connection, and may afterwards be executed
 * by any session of that connection with the same database, user and search_path. `types` gives the client's parameter types, null = infer.
 * Answered by Described.
 */
export type Prepare = readonly [
  op: typeof OP.prepare,
  session: number,
  statement: number,
  program: Uint8Array,
  types: ReadonlyArray<SqlType | null>,
];

/**
 * Runs a statement. A gateway may send several without waiting: once one of an implicit transaction has failed, the engine refuses the
 * others (25P02, nothing is run) up to and with the one that carries FINISH, or the Finish; that one clears the failure. `portal` 0 = run to the end and keep nothing; otherwise the result stays open under that number when `maxRows` (0 = all)
 * cuts it. Without FINISH an implicit transaction stays open for the next request.
 * Answered by [Rows…] Done | Suspended | CopyIn | Failure.
 */
export type Execute = readonly [
  op: typeof OP.execute,
  session: number,
  statement: number,
  portal: number,
  maxRows: number,
  flags: number,
  parameters: readonly Value[],
];

/** Ends the implicit transaction by this request (the gateway saw Sync, or the last statement of a simple query). */
export const FINISH = 1;
/** BEGIN was answered by the gateway itself and takes effect before this statement; the isolation and access bits belong to it. */
export const BEGIN_FIRST = 2;
export const BEGIN_READ_COMMITTED = 4;
export const BEGIN_REPEATABLE_READ = 8;
export const BEGIN_SERIALIZABLE = 16;
export const BEGIN_READ_ONLY = 32;
export const BEGIN_READ_WRITE = 64;
/** Of a Fetch: the client's own command goes on, for which the gateway takes rows in pieces. Its statement_timeout does, too. */
export const GOES_ON = 128;

/** More rows of a suspended portal. Answered as Execute. */
export type Fetch = readonly [op: typeof OP.fetch, session: number, portal: number, maxRows: number, flags: number];
/** Forgets a portal. Not answered. */
export type ClosePortal = readonly [op: typeof OP.closePortal, session: number, portal: number];
/** Rows for COPY FROM STDIN: values in the form of the described column types. Answered by CopyAck (flow control) or Failure. */
export type CopyData = readonly [op: typeof OP.copyData, session: number, rows: readonly Row[]];
/** End of COPY data; `failure` non-null = the client gave up with that message. Answered by Done or Failure. */
export type CopyEnd = readonly [op: typeof OP.copyEnd, session: number, failure: string | null, flags: number];
/** Sync after requests without FINISH: commits the implicit transaction, or clears a failed one. Answered by Done. */
export type Finish = readonly [op: typeof OP.finish, session: number];
/** Cancels what `session` runs now. Not answered. */
export type Cancel = readonly [op: typeof OP.cancel, session: number];
/** The client is gone: roll back, forget the session. Not answered. */
export type Close = readonly [op: typeof OP.close, session: number];
/** The gateway will not use this statement number again. Not answered. */
export type Forget = readonly [op: typeof OP.forget, session: 0, statement: number];

/**
 * The gateway refused something of this session by itself (bad syntax, a parameter's text): with BEGIN_FIRST the block begins, then a
 * transaction block becomes failed and an open implicit transaction is rolled back, as after an error of the engine. `flags` as in Execute.
 * Answered by Done (verb '') with the state.
 */
export type Fail = readonly [op: typeof OP.fail, session: number, flags: number];

export type Request =
  | Hello
  | Open
  | Authenticate
  | Prepare
  | Execute
  | Fetch
  | ClosePortal
  | CopyData
  | CopyEnd
  | Finish
  | Cancel
  | Close
  | Forget
  | Fail;

// ── replies: [op, session, …] ────────────────────────────────────────────────────────────────────────────────────────

export const REPLY = {
  welcome: 32,
  authContinue: 33,
  ready: 34,
  described: 35,
  rows: 36,
  done: 37,
  suspended: 38,
  copyIn: 39,
  copyAck: 40,
  failure: 41,
  notice: 42,
  stale: 43,
  catalogChanged: 44,
} as const;

export type Welcome = readonly [op: typeof REPLY.welcome, session: 0, version: number, server: string];
/** A server message of the authentication exchange. */
export type AuthContinue = readonly [op: typeof REPLY.authContinue, session: number, data: Uint8Array];
/** Authenticated. `data` is a last server message of the exchange (or empty), `settings` what the client must be told, search_path and extra_float_digits. */
export type Ready = readonly [
  op: typeof REPLY.ready,
  session: number,
  data: Uint8Array,
  settings: Readonly<Record<string, string>>,
];

/** `columns` null = returns no rows. `volatileCatalog` statements (DDL, SET…) are never cached by gateways across sessions. */
export type Described = readonly [
  op: typeof REPLY.described,
  session: number,
  statement: number,
  parameters: readonly SqlType[],
  columns: readonly ResultColumn[] | null,
];

/** One column of a result. table and slot are 0 where it is not a plain column. */
export type ResultColumn = readonly [name: string, type: SqlType, table: number, number: number];

/** A batch of a longer result; more follows. */
export type Rows = readonly [op: typeof REPLY.rows, session: number, rows: readonly Row[]];

/**
 * The statement is complete. `verb` is the command tag without its count ('SELECT', 'INSERT', 'BEGIN', …), `count` -1 where the tag has none. `rows` are
 * the last batch. `state` is the transaction's state afterwards. `settings` are session settings changed since the last reply, or null: those that PostgreSQL reports, and search_path and
 * extra_float_digits, which the gateway keeps for itself; after caching_sha2_password also last_insert_id, the first value that a sequence gave; statements that fail in a block are undone alone then.
 */
export type Done = readonly [
  op: typeof REPLY.done,
  session: number,
  verb: string,
  count: number,
  state: TransactionState,
  rows: readonly Row[] | null,
  settings: Readonly<Record<string, string>> | null,
];

/** 0 idle, 1 in a transaction block, 2 in a failed transaction block. */
export type TransactionState = 0 | 1 | 2;

/** `maxRows` were sent and the portal is still open. */
export type Suspended = readonly [op: typeof REPLY.suspended, session: number, rows: readonly Row[]];
/** COPY FROM STDIN may send its data. */
export type CopyIn = readonly [op: typeof REPLY.copyIn, session: number, columns: readonly ResultColumn[]];
export type CopyAck = readonly [op: typeof REPLY.copyAck, session: number];
/** The request was refused. `fields` keys: ErrorDetails of schemas/sqlstate. */
export type Failure = readonly [
  op: typeof REPLY.failure,
  session: number,
  code: string,
  message: string,
  fields: Readonly<Record<string, string | number>>,
  state: TransactionState,
];
/** Severity NOTICE, WARNING, … */
export type Notice = readonly [
  op: typeof REPLY.notice,
  session: number,
  severity: string,
  code: string,
  message: string,
  fields: Readonly<Record<string, string | number>>,
];
/** The catalog changed under a prepared statement so that its parameters or columns differ: prepare again. Closing; nothing was run. */
export type Stale = readonly [op: typeof REPLY.stale, session: number, statement: number];

/**
 * What was described of statements may no longer be true. `session` 0: a commit changed the catalog; sent before anybody hears of that commit. Otherwise
 * the session's own open transaction did, and until it ends the session's statements are its own.
 */
export type CatalogChanged = readonly [op: typeof REPLY.catalogChanged, session: number];

export type Reply =
  | Welcome
  | AuthContinue
  | Ready
  | Described
  | Rows
  | Done
  | Suspended
  | CopyIn
  | CopyAck
  | Failure
  | Notice
  | Stale
  | CatalogChanged;

// ── transports ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** A gateway's end of the link. Two forms: the Unix socket, and in-process for a gateway placed inside the engine. */
export interface LinkClient {
  send(request: Request): void;
  /** Called for every reply, in order. */
  onReply: (reply: Reply) => void;
  /** Called once when the link is gone; every session of it is gone too. */
  onClose: (error: Error | null) => void;
  /** True while the peer is slower than we are; onDrain is called when it has caught up. */
  readonly congested: boolean;
  onDrain: () => void;
  close(): void;
}

/** The engine's end: one for each connected gateway. */
export interface LinkPeer {
  reply(reply: Reply): void;
  onRequest: (request: Request) => void;
  onClose: (error: Error | null) => void;
  readonly congested: boolean;
  onDrain: () => void;
  close(): void;
}
