import { assert } from '#schemas/kernel/assert.js';
import { OP } from '#schemas/link/frames.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { typeOfOid } from '#schemas/values/oids.js';
import type { SqlType } from '#schemas/values/type.js';
import type { BoundStatement } from '../link/statement-contexts.js';
import type { StatementText } from './execute-request.js';
import { checkHeard } from './heard-in-failed.js';
import { runLocal } from './local-statements.js';
import { BIND_COMPLETE, CLOSE_COMPLETE, EMPTY_QUERY_RESPONSE, NO_DATA, PARSE_COMPLETE } from './messages/bare.js';
import { writeCommandComplete } from './messages/command-complete.js';
import { readParse } from './messages/parse.js';
import { writeParameterDescription, writeRowDescription } from './messages/row-description.js';
import { readTarget } from './messages/target.js';
import { ParameterReaders, readFormats } from './parameters.js';
import { Portal } from './portal.js';
import { PortalExecute } from './portal-execute.js';
import { PortalFetch } from './portal-fetch.js';
import { PrepareRequest } from './prepare-request.js';
import { type ClientStatement, clientStatement, declared } from './prepared.js';
import type { Session } from './session.js';
import type { LocalShape, Shape } from './statement-source.js';

/** Statements that have effects of their own on what may follow: they begin only when nothing is owed, and nothing passes them. */
const DATA_KINDS: ReadonlySet<string> = new Set(['insert', 'update', 'delete']);
/** Statements without parameters and columns: the engine need not be asked about them. */
const PLAIN_KINDS: ReadonlySet<string> = new Set([
  'begin',
  'commit',
  'rollback',
  'savepoint',
  'release-savepoint',
  'rollback-to-savepoint',
]);
const NOTHING: BoundStatement = { number: 0, parameters: [], columns: null, forgotten: true };

export type Taken = 'wait' | 'alone' | 'with-sync';

/**
 * The extended query protocol of one session. It owns the session's prepared statements and portals. Every method handles the message that
 * `session.message` is open on; those that may come before their turn answer false (or 'wait') to be called again when it has come.
 */
export class ExtendedProtocol {
  readonly #session: Session;
  readonly #statements = new Map<string, ClientStatement>();
  readonly #portals = new Map<string, Portal>();
  #unnamedStatement: ClientStatement | null = null;
  #unnamedPortal: Portal | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  parse(): void {
    const session = this.#session;
    const { name, sql, types } = readParse(session.message);
    if (name === '') this.#unnamedStatement = null;
    const { statements } = session.source.lookupFixed(sql);
    if (statements.length > 1)
      throw new SqlError('syntax_error', 'cannot insert multiple commands into a prepared statement');
    const [shape] = statements;
    if (shape !== undefined) checkHeard(session, shape);
    this.#checkNew(name);
    const keep = (statement: ClientStatement): void => {
      this.#keep(name, statement);
      session.out.empty(PARSE_COMPLETE);
    };
    if (shape === undefined) keep(clientStatement(null, null));
    else this.#prepare(sql, shape, types.map(typeOf), keep);
  }

  #checkNew(name: string): void {
    if (name !== '' && this.#statements.has(name))
      throw new SqlError('duplicate_prepared_statement', `prepared statement "${name}" already exists`);
  }

  /** Makes the statement known to the engine where it is not, for `keep`. */
  #prepare(
    sql: string,
    shape: Shape,
    types: ReadonlyArray<SqlType | null>,
    keep: (statement: ClientStatement) => void,
  ): void {
    const session = this.#session;
    const text = declared(sql, shape, types);
    if (shape.local !== null || PLAIN_KINDS.has(shape.kind)) {
      keep(clientStatement(text, NOTHING));
      return;
    }
    const known = session.context.get(text.key);
    if (known !== undefined) keep(clientStatement(text, known));
    else new PrepareRequest(session, text, (bound) => keep(clientStatement(text, bound))).send();
  }

  #keep(name: string, statement: ClientStatement): void {
    if (name === '') this.#unnamedStatement = statement;
    else this.#statements.set(name, statement);
  }

  /** PREPARE: `then.done` is called when the engine knows the statement, `then.failed` when it has refused it. */
  prepareNamed(
    name: string,
    what: { readonly sql: string; readonly shape: Shape; readonly types: ReadonlyArray<SqlType | null> },
    then: { readonly done: () => void; readonly failed: () => void },
  ): void {
    const session = this.#session;
    this.#checkNew(name);
    const text = declared(what.sql, what.shape, what.types);
    const keep = (bound: BoundStatement): void => {
      this.#statements.set(name, clientStatement(text, bound));
      then.done();
    };
    const known = session.context.get(text.key);
    if (known !== undefined) keep(known);
    else new PrepareRequest(session, text, keep, then.failed).send();
  }

  /** Throws 26000 for a name that is not prepared. */
  statement(name: string): ClientStatement {
    const statement = name === '' ? this.#unnamedStatement : this.#statements.get(name);
    if (statement !== null && statement !== undefined) return statement;
    if (name === '') throw new SqlError('invalid_sql_statement_name', 'unnamed prepared statement does not exist');
    throw new SqlError('invalid_sql_statement_name', `prepared statement "${name}" does not exist`);
  }

  /** DEALLOCATE; null = ALL. */
  deallocate(name: string | null): void {
    if (name === null) {
      this.#statements.clear();
      this.#unnamedStatement = null;
    } else {
      this.statement(name);
      this.#statements.delete(name);
    }
  }

  /**
   *   Bind = 'B' length portal:cstring statement:cstring parameters formats      (see parameters.ts)
   */
  bind(idle: boolean): boolean {
    const session = this.#session;
    const { message } = session;
    const name = message.cstring();
    if (!idle && name !== '') return false;
    const from = message.cstring();
    const statement = this.statement(from);
    if (idle && statement.text !== null) checkHeard(session, statement.text.shape);
    if (name !== '' && this.#portals.has(name))
      throw new SqlError('duplicate_cursor', `cursor "${name}" already exists`);
    this.#place(this.#readPortal(name, from, statement, idle));
    if (idle) session.out.empty(BIND_COMPLETE);
    else session.local(() => session.out.empty(BIND_COMPLETE));
    return true;
  }

  /** The rest of a Bind. Where it is refused an empty portal takes the name, as in PostgreSQL, which makes the portal first. */
  #readPortal(name: string, from: string, statement: ClientStatement, idle: boolean): Portal {
    const { message, group } = this.#session;
    try {
      const values = this.#readers(statement).read(message, from);
      const formats = readFormats(message);
      message.done();
      return new Portal(name, group, statement, values, formats);
    } catch (error) {
      if (idle) this.#place(new Portal(name, group, clientStatement(null, null), [], []));
      throw error;
    }
  }

  #place(portal: Portal): void {
    if (portal.name === '') {
      this.closeUnnamed();
      this.#unnamedPortal = portal;
    } else {
      this.#portals.set(portal.name, portal);
    }
  }

  #readers(statement: ClientStatement): ParameterReaders {
    const { readers, bound } = statement;
    const { context } = this.#session.format;
    if (readers !== null && readers.context === context && statement.readersOf === bound) return readers;
    const fresh = new ParameterReaders(bound?.parameters ?? [], context);
    statement.readers = fresh;
    statement.readersOf = bound;
    return fresh;
  }

  /** Each statement of a simple query takes the place of the unnamed portal. */
  closeUnnamed(): void {
    const portal = this.#unnamedPortal;
    if (portal?.state === 'suspended') this.#session.request([OP.closePortal, this.#session.number, portal.number]);
    this.#unnamedPortal = null;
  }

  #portal(name: string): Portal {
    const portal = name === '' ? this.#unnamedPortal : this.#portals.get(name);
    if (portal !== null && portal !== undefined) return portal;
    throw noPortal(name);
  }

  describe(idle: boolean): boolean {
    const session = this.#session;
    const target = readTarget(session.message, 'DESCRIBE');
    if (target.of === 'statement') {
      if (!idle) return false;
      const { bound, text } = this.statement(target.name);
      if (text !== null && bound?.columns !== null) checkHeard(session, text.shape);
      writeParameterDescription(session.out, bound?.parameters ?? []);
      this.#writeColumns(bound, text?.shape ?? null, []);
      return true;
    }
    if (target.name !== '' && !this.#portals.has(target.name)) {
      if (idle) this.#describeCursor(target.name);
      return idle;
    }
    const portal = this.#portal(target.name);
    if (!idle && portal.group !== session.group) return false;
    const { statement, formats } = portal;
    const { bound, text } = statement;
    session.local(() => this.#writeColumns(bound, text?.shape ?? null, formats));
    return true;
  }

  /** PostgreSQL's cursors are portals: what DECLARE has made can be described here. Throws 34000. */
  #describeCursor(name: string): void {
    const session = this.#session;
    const sql = `FETCH FROM "${name.replaceAll('"', '""')}"`;
    const [shape] = session.source.lookupFixed(sql).statements;
    assert(shape !== undefined, 'a FETCH is a statement');
    // What other sessions know of a cursor of this name is of no use.
    const context = session.link.statements.own();
    const described = (bound: BoundStatement): void => {
      if (bound.columns === null) session.refuse(noPortal(name), null);
      else writeRowDescription(session.out, bound.columns, []);
      context.clear();
    };
    new PrepareRequest(session, declared(sql, shape, []), described, () => undefined, context).send();
  }

  #writeColumns(bound: BoundStatement | null, shape: Shape | null, formats: readonly boolean[]): void {
    const columns = bound?.columns ?? null;
    // EXECUTE shows the columns of the statement that it runs.
    const shown =
      shape?.local?.kind === 'execute' ? (this.#statements.get(shape.local.name)?.bound?.columns ?? null) : columns;
    if (shown === null || shape?.kind === 'copy-out') this.#session.out.empty(NO_DATA);
    else writeRowDescription(this.#session.out, shown, formats);
  }

  /**
   *   Execute = 'E' length portal:cstring rows:int32      (0 = all)
   */
  execute(idle: boolean, syncFollows: boolean): Taken {
    const session = this.#session;
    const { message } = session;
    const portal = this.#portal(message.cstring());
    const rows = message.int32();
    const limit = Math.max(rows, 0);
    message.done();
    const { text } = portal.statement;
    if (text === null) {
      if (!idle && portal.group !== session.group) return 'wait';
      session.local(() => session.out.empty(EMPTY_QUERY_RESPONSE));
      return 'alone';
    }
    const { shape } = text;
    const { bound } = portal.statement;
    // A forgotten statement is prepared first, and nothing may come between.
    const pipelined =
      DATA_KINDS.has(shape.kind) &&
      bound?.columns === null &&
      !bound.forgotten &&
      portal.state === 'new' &&
      portal.group === session.group;
    if (!idle && (!pipelined || !session.hasRoom)) return 'wait';
    if (idle) checkHeard(session, shape);
    if (portal.state !== 'new') return this.#again(portal, limit);
    if (shape.local !== null) {
      portal.state = 'done';
      this.#runLocal(text, shape.local, portal, limit);
      return 'alone';
    }
    if (this.#fold(shape)) {
      portal.state = 'done';
      return 'alone';
    }
    // A Sync during COPY FROM STDIN is ignored and must not be taken along.
    const sync = syncFollows && limit === 0 && shape.kind !== 'copy-in';
    const request = new PortalExecute(session, text, portal, limit, sync);
    request.send();
    portal.state = 'running';
    session.push(request, !pipelined);
    if (sync) session.group++;
    return sync ? 'with-sync' : 'alone';
  }

  #runLocal(text: StatementText, local: LocalShape, portal: Portal, limit: number): void {
    const session = this.#session;
    runLocal(session, text, local, {
      advance: () => {},
      end: () => {},
      execute: (statement, own, values) => {
        const inner = new Portal(portal.name, portal.group, statement, values, portal.formats);
        const request = new PortalExecute(session, own, inner, limit, false);
        request.send();
        if (portal.name === '') this.#unnamedPortal = inner;
        else this.#portals.set(portal.name, inner);
        session.push(request, true);
      },
    });
  }

  /** Execute of a portal that ran before. */
  #again(portal: Portal, limit: number): Taken {
    const session = this.#session;
    portal.checkRunnable();
    if (portal.state === 'suspended') {
      new PortalFetch(session, portal, limit).send();
      return 'alone';
    }
    if (portal.statement.bound?.columns === null) {
      throw new SqlError('object_not_in_prerequisite_state', `portal "${portal.name}" cannot be run`);
    }
    writeCommandComplete(session.out, portal.statement.text?.shape.tag ?? 'SELECT', 0);
    return 'alone';
  }

  /** BEGIN, and the end of a block that only the gateway knows of, are answered here. */
  #fold(shape: Shape): boolean {
    const { transaction, out } = this.#session;
    const folded =
      (shape.kind === 'begin' && transaction.foldBegin(shape)) ||
      ((shape.kind === 'commit' || shape.kind === 'rollback') && transaction.foldEnd(shape));
    if (folded) writeCommandComplete(out, shape.tag, -1);
    if (folded && shape.kind !== 'begin') this.endTransaction(this.#session.group);
    return folded;
  }

  close(): void {
    const session = this.#session;
    const target = readTarget(session.message, 'CLOSE');
    if (target.of === 'statement') {
      if (target.name === '') this.#unnamedStatement = null;
      else this.#statements.delete(target.name);
    } else if (target.name === '') {
      this.closeUnnamed();
    } else {
      const portal = this.#portals.get(target.name);
      if (portal?.state === 'suspended') session.request([OP.closePortal, session.number, portal.number]);
      this.#portals.delete(target.name);
    }
    session.out.empty(CLOSE_COMPLETE);
  }

  /** Portals live until their transaction ends; the engine has closed its own. Those of later groups belong to later transactions. */
  endTransaction(lastGroup: number): void {
    if (this.#unnamedPortal !== null && this.#unnamedPortal.group <= lastGroup) this.#unnamedPortal = null;
    for (const [name, portal] of this.#portals) if (portal.group <= lastGroup) this.#portals.delete(name);
  }

  /** The unnamed statement does not survive a simple query, even one that says nothing. */
  forgetUnnamed(): void {
    this.#unnamedStatement = null;
  }
}

/** A declared parameter type; oid 0 and unknown = the engine infers it. */
function typeOf(oid: number): SqlType | null {
  if (oid === 0) return null;
  const type = typeOfOid(oid);
  if (type === null) throw new SqlError('undefined_object', `type with OID ${oid} does not exist`);
  return type.kind === 'unknown' ? null : type;
}

function noPortal(name: string): SqlError {
  return new SqlError('invalid_cursor_name', `portal "${name}" does not exist`);
}
