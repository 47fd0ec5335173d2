import * as frames from '#schemas/link/frames.js';
import {
  type LinkPeer,
  OP,
  REPLY,
  type Request,
  type ResultColumn,
  type TransactionState,
} from '#schemas/link/frames.js';
import { decodeProgram } from '#schemas/program/decode.js';
import type { Expression } from '#schemas/program/expression.js';
import type { Statement } from '#schemas/program/statement.js';
import type { SqlType } from '#schemas/values/type.js';
import { arrayOf, TYPES, typeByName } from '#schemas/values/type-name.js';
import type { Row, Value } from '#schemas/values/value.js';

interface Known {
  readonly statement: Statement;
  readonly parameters: readonly SqlType[];
  readonly columns: readonly ResultColumn[] | null;
}

interface FakeSession {
  state: TransactionState;
  /** An implicit transaction failed and waits for its end. */
  failed: boolean;
  /** Requests that wait for a sleeping one. */
  readonly queue: Request[];
  /** Ends the sleep with a cancellation. */
  wake: (() => void) | null;
  readonly portals: Map<number, { readonly rows: readonly Row[]; at: number; readonly verb: string }>;
  copied: number;
}

const REPORTED = {
  server_version: '15.8 (Polylog)',
  server_encoding: 'UTF8',
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  integer_datetimes: 'on',
  standard_conforming_strings: 'on',
  application_name: '',
  is_superuser: 'on',
  in_hot_standby: 'off',
  default_transaction_read_only: 'off',
  search_path: '"$user", public',
};

/**
 * An engine for tests of gateways: it lets everybody in whose password exchange goes through two rounds or none, evaluates constants,
 * parameters, casts and generate_series, keeps what is copied in, and knows a transaction's states. `pg_sleep` runs until it is cancelled;
 * a division is always by zero; a table named "missing" does not exist.
 */
export class FakeEngine {
  readonly requests: Request[] = [];
  readonly copiedRows: Row[] = [];
  /** Statement numbers to be answered with Stale once. */
  readonly stale = new Set<number>();
  /** true = asks for the password exchange. */
  authenticates = false;
  records = true;
  readonly #statements = new Map<number, Known>();
  readonly #sessions = new Map<number, FakeSession>();
  #peer: LinkPeer | null = null;

  attach(peer: LinkPeer): void {
    this.#peer = peer;
    peer.onRequest = (request) => {
      if (this.records) this.requests.push(request);
      this.#receive(request);
    };
  }

  get openSessions(): number {
    return this.#sessions.size;
  }

  /** Breaks the link. */
  drop(): void {
    this.#peer?.close();
    this.#sessions.clear();
    this.#statements.clear();
  }

  #reply(reply: frames.Reply): void {
    this.#peer?.reply(reply);
  }

  #receive(request: Request): void {
    const number = request[1];
    switch (request[0]) {
      case OP.hello:
        this.#reply([REPLY.welcome, 0, frames.LINK_VERSION, 'fake']);
        return;
      case OP.open:
        this.#open(request);
        return;
      case OP.forget:
        this.#statements.delete(request[2]);
        return;
      case OP.close:
        this.#sessions.delete(number);
        return;
    }
    const session = this.#sessions.get(number);
    if (session === undefined) return;
    if (request[0] === OP.cancel) session.wake?.();
    else if (session.wake !== null) session.queue.push(request);
    else this.#run(session, request);
  }

  #open(request: frames.Open): void {
    const [, number, user, , , , settings] = request;
    const unknown = Object.keys(settings).find(
      (name) => !(name in REPORTED) && !name.includes('.') && name !== 'extra_float_digits',
    );
    if (unknown !== undefined) {
      this.#reply([REPLY.failure, number, '42704', `unrecognized configuration parameter "${unknown}"`, {}, 0]);
      return;
    }
    this.#sessions.set(number, { state: 0, failed: false, queue: [], wake: null, portals: new Map(), copied: 0 });
    const told = { ...REPORTED, ...settings, session_authorization: user };
    if (this.authenticates) this.#reply([REPLY.authContinue, number, new Uint8Array(0)]);
    else this.#reply([REPLY.ready, number, new Uint8Array(0), told]);
  }

  #run(session: FakeSession, request: Request): void {
    const number = request[1];
    try {
      this.#dispatch(session, request);
    } catch (error) {
      const finish =
        (request[0] === OP.execute && (request[5] & frames.FINISH) !== 0) ||
        (request[0] === OP.copyEnd && (request[3] & frames.FINISH) !== 0);
      if (session.state === 1) session.state = 2;
      else if (session.state === 0) session.failed = !finish && request[0] !== OP.finish;
      const [code, message, fields] =
        error instanceof Refusal ? [error.code, error.message, error.fields] : ['XX000', String(error), {}];
      this.#reply([REPLY.failure, number, code, message, fields, session.state]);
    }
  }

  #dispatch(session: FakeSession, request: Request): void {
    const number = request[1];
    switch (request[0]) {
      case OP.authenticate:
        this.#authenticate(number, request[2]);
        return;
      case OP.prepare:
        this.#prepare(number, request[2], request[3], request[4]);
        return;
      case OP.execute:
        this.#execute(session, request);
        return;
      case OP.fetch:
        this.#fetch(session, number, request[2], request[3]);
        return;
      case OP.closePortal:
        session.portals.delete(request[2]);
        return;
      case OP.copyData:
        for (const row of request[2]) if (row[0] === 666) throw new Refusal('23514', 'new row violates a check');
        this.copiedRows.push(...request[2]);
        session.copied += request[2].length;
        this.#reply([REPLY.copyAck, number]);
        return;
      case OP.copyEnd:
        if (request[2] !== null) throw new Refusal('57014', `COPY from stdin failed: ${request[2]}`);
        this.#done(session, number, 'COPY', session.copied);
        return;
      case OP.fail:
        if ((request[2] & frames.BEGIN_FIRST) !== 0) session.state = 1;
        if (session.state === 1) session.state = 2;
        session.failed = false;
        this.#done(session, number, '', -1);
        return;
      case OP.finish:
        session.failed = false;
        session.portals.clear();
        this.#done(session, number, '', -1);
    }
  }

  #authenticate(number: number, data: Uint8Array): void {
    const text = Buffer.from(data).toString();
    if (text === 'first') this.#reply([REPLY.authContinue, number, Buffer.from('server-first')]);
    else if (text === 'final') this.#reply([REPLY.ready, number, Buffer.from('server-final'), REPORTED]);
    else {
      this.#sessions.delete(number);
      this.#reply([REPLY.failure, number, '28P01', 'password authentication failed', {}, 0]);
    }
  }

  #prepare(number: number, id: number, program: Uint8Array, types: ReadonlyArray<SqlType | null>): void {
    const statement = decodeProgram(program);
    checkTables(statement);
    const known: Known = {
      statement,
      parameters: types.map((t, i) => t ?? castOf(statement, i) ?? TYPES.integer),
      columns: columnsOf(statement, types),
    };
    this.#statements.set(id, known);
    this.#reply([REPLY.described, number, id, known.parameters, known.columns]);
  }

  #execute(session: FakeSession, request: frames.Execute): void {
    const [, number, id, portal, maxRows, flags, values] = request;
    if (this.stale.delete(id)) {
      this.#reply([REPLY.stale, number, id]);
      return;
    }
    if ((flags & frames.BEGIN_FIRST) !== 0) session.state = 1;
    const known = this.#statements.get(id);
    if (known === undefined) throw new Refusal('26000', `unknown statement ${id}`);
    const { statement } = known;
    if (session.failed) {
      if ((flags & frames.FINISH) !== 0) session.failed = false;
      throw new Refusal('25P02', 'current transaction is aborted, commands ignored until end of transaction block');
    }
    if (statement.kind === 'begin' || statement.kind === 'commit' || statement.kind === 'rollback') {
      const verb = statement.kind === 'commit' && session.state === 2 ? 'ROLLBACK' : statement.kind.toUpperCase();
      session.state = statement.kind === 'begin' ? 1 : 0;
      this.#done(session, number, verb, -1);
      return;
    }
    if (session.state === 2)
      throw new Refusal('25P02', 'current transaction is aborted, commands ignored until end of transaction block');
    this.#runStatement(session, number, known, portal, maxRows, values);
  }

  #runStatement(
    session: FakeSession,
    number: number,
    known: Known,
    portal: number,
    maxRows: number,
    values: readonly Value[],
  ): void {
    const { statement } = known;
    switch (statement.kind) {
      case 'copy-in':
        session.copied = 0;
        this.#reply([REPLY.copyIn, number, COPY_COLUMNS]);
        return;
      case 'set': {
        const settings = { [statement.name]: statement.value ?? '' };
        this.#reply([REPLY.done, number, 'SET', -1, session.state, null, settings]);
        return;
      }
      case 'insert':
        if (values.includes(666))
          throw new Refusal('23505', 'duplicate key value violates unique constraint', {
            detail: 'Key (id)=(666) already exists.',
            constraint: 'a_pkey',
            table: 'a',
            schema: 'public',
          });
        this.#done(session, number, 'INSERT', 1);
        return;
      case 'query':
      case 'copy-out': {
        if (callOf(statement)?.name.at(-1) === 'pg_sleep') {
          this.#sleep(session, number);
          return;
        }
        const rows = statement.kind === 'copy-out' ? this.copiedRows : rowsOf(statement, values);
        session.portals.set(portal, { rows, at: 0, verb: statement.kind === 'query' ? 'SELECT' : 'COPY' });
        this.#fetch(session, number, portal, maxRows);
        return;
      }
      default:
        this.#done(session, number, statement.kind.toUpperCase().replaceAll('-', ' '), -1);
    }
  }

  #fetch(session: FakeSession, number: number, portal: number, maxRows: number): void {
    const open = session.portals.get(portal);
    if (open === undefined) throw new Refusal('34000', 'portal does not exist');
    const end = maxRows === 0 ? open.rows.length : open.at + maxRows;
    const rows = open.at === 0 && end >= open.rows.length ? open.rows : open.rows.slice(open.at, end);
    if (end < open.rows.length) {
      open.at = end;
      this.#reply([REPLY.suspended, number, rows]);
      return;
    }
    session.portals.delete(portal);
    this.#reply([REPLY.done, number, open.verb, rows.length, session.state, rows, null]);
  }

  #sleep(session: FakeSession, number: number): void {
    session.wake = () => {
      session.wake = null;
      if (session.state === 1) session.state = 2;
      this.#reply([REPLY.failure, number, '57014', 'canceling statement due to user request', {}, session.state]);
      for (let next = session.queue.shift(); next !== undefined && session.wake === null; next = session.queue.shift())
        this.#run(session, next);
    };
  }

  #done(session: FakeSession, number: number, verb: string, count: number): void {
    this.#reply([REPLY.done, number, verb, count, session.state, null, null]);
  }
}

class Refusal extends Error {
  readonly code: string;
  readonly fields: Readonly<Record<string, string | number>>;
  constructor(code: string, message: string, fields: Readonly<Record<string, string | number>> = {}) {
    super(message);
    this.code = code;
    this.fields = fields;
  }
}

const COPY_COLUMNS: readonly ResultColumn[] = [
  ['id', TYPES.integer, 1, 1],
  ['name', TYPES.text, 1, 2],
];

function selectOf(
  statement: Statement,
): Extract<Extract<Statement, { kind: 'query' }>['query']['body'], { kind: 'select' }> | null {
  const query = statement.kind === 'query' || statement.kind === 'copy-out' ? statement.query : null;
  return query?.body.kind === 'select' ? query.body : null;
}

function checkTables(statement: Statement): void {
  for (const item of selectOf(statement)?.from ?? []) {
    if (item.kind === 'table' && item.path.at(-1) === 'missing')
      throw new Refusal('42P01', 'relation "missing" does not exist', { token: item.token });
  }
}

function expressionsOf(statement: Statement): readonly Expression[] {
  return (selectOf(statement)?.items ?? []).flatMap((item) => (item.kind === 'expression' ? [item.expression] : []));
}

function callOf(statement: Statement): Extract<Expression, { kind: 'call' }> | null {
  const [first] = expressionsOf(statement);
  return first?.kind === 'call' ? first : null;
}

function columnsOf(statement: Statement, types: ReadonlyArray<SqlType | null>): readonly ResultColumn[] | null {
  if (statement.kind === 'copy-out') return COPY_COLUMNS;
  if (statement.kind !== 'query') return null;
  return expressionsOf(statement).map((expression, i) => {
    const item = selectOf(statement)?.items[i];
    const alias = item?.kind === 'expression' ? item.alias : null;
    return [
      alias ?? (expression.kind === 'call' ? (expression.name.at(-1) ?? '?') : '?column?'),
      typeOf(expression, types),
      0,
      0,
    ];
  });
}

function typeOf(expression: Expression, types: ReadonlyArray<SqlType | null>): SqlType {
  if (expression.kind === 'constant') return expression.type.kind === 'unknown' ? TYPES.text : expression.type;
  if (expression.kind === 'parameter') return types[expression.index] ?? TYPES.integer;
  if (expression.kind !== 'cast') return TYPES.integer;
  const base = typeByName(expression.type.name.at(-1) ?? '') ?? TYPES.text;
  return expression.type.arrayDimensions > 0 ? arrayOf(base) : base;
}

/** The type that a parameter is cast to. */
function castOf(statement: Statement, index: number): SqlType | null {
  const cast = expressionsOf(statement).find(
    (e) => e.kind === 'cast' && e.operand.kind === 'parameter' && e.operand.index === index,
  );
  return cast === undefined ? null : typeOf(cast, []);
}

function evaluate(expression: Expression, values: readonly Value[]): Value {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'parameter':
      return values[expression.index] ?? null;
    case 'cast':
      return evaluate(expression.operand, values);
    case 'operator':
      throw new Refusal('22012', 'division by zero');
    default:
      return 0;
  }
}

function rowsOf(statement: Statement, values: readonly Value[]): readonly Row[] {
  const call = callOf(statement);
  if (call?.name.at(-1) === 'generate_series') {
    const [from, to] = call.arguments.map((a) => Number(evaluate(a, values)));
    return Array.from({ length: (to ?? 0) - (from ?? 1) + 1 }, (_, i) => [(from ?? 1) + i]);
  }
  return [expressionsOf(statement).map((expression) => evaluate(expression, values))];
}
