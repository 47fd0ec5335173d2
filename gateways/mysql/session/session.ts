import type { Socket } from 'node:net';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { DEFAULT_TEXT_CONTEXT } from '#schemas/values/text-form.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Row, Value } from '#schemas/values/value.js';
import { literalValues } from '../../link/literal-values.js';
import type { BoundStatement } from '../../link/statement-contexts.js';
import type { Dialect } from '../../sql/dialect.js';
import type { PreparedStatement, StatementCache } from '../../sql/statement-cache.js';
import { writeColumns, writeError, writeOk } from '../wire/answers.js';
import { columnOf, PARAMETER } from '../wire/columns.js';
import type { Output } from '../wire/output.js';
import type { PacketInput } from '../wire/packet-input.js';
import { PacketReader } from '../wire/packet-reader.js';
import { parameterValue, readParameters } from '../wire/parameters.js';
import { CAPABILITY, COMMAND, STATUS } from '../wire/protocol.js';
import { type Command, parseCommand } from './commands.js';
import type { EngineSession } from './engine-session.js';
import { ownCall } from './own-calls.js';
import { useDatabase } from './program.js';
import { MysqlRefusal, refusalOf } from './refusals.js';
import { ResultKeeper, ResultWriter } from './result-writer.js';
import { answerShow, type Table } from './show.js';
import { answered, decodeText, type Facts, hasLimit, quoted, statementsOf } from './text.js';
import { Transactions } from './transactions.js';
import { SessionVariables } from './variables.js';

/** The SQL front end that a session began with; a later one is for later sessions. */
export interface FrontEnd {
  readonly dialect: Dialect;
  readonly cache: StatementCache;
}

export interface SessionParts {
  readonly socket: Socket;
  readonly input: PacketInput;
  readonly output: Output;
  readonly engine: EngineSession;
  readonly frontEnd: FrontEnd;
  readonly capabilities: number;
  readonly user: string;
  readonly database: string | null;
  /** The number that the client knows its connection by. */
  readonly connection: number;
  readonly version: string;
  readonly onBug: (error: unknown) => void;
  /** KILL. Throws MysqlRefusal. */
  readonly onKill: (connection: number, queryOnly: boolean) => void;
  readonly onClosed: () => void;
}

interface ClientStatement {
  readonly text: string;
  /** Null = the gateway itself answers it. */
  readonly shape: PreparedStatement | null;
  types: readonly number[] | null;
  readonly long: Map<number, Buffer>;
  longBytes: number;
}

/** A client that waits for an answer has no reason to send on. */
const HELD_WHILE_BUSY = 1_048_576;
const STATEMENTS_MAX = 16_382;
const LONG_DATA_MAX = 67_108_864;
const NO_LITERALS: readonly Value[] = [];

/**
 * One client from its first command to its last. Commands are answered one after the other, as the protocol wants it. Owns the client's prepared statements,
 * variables and view of its transaction.
 */
export class Session {
  readonly #p: SessionParts;
  readonly #transactions: Transactions;
  readonly #variables: SessionVariables;
  readonly #statements = new Map<number, ClientStatement>();
  readonly #facts: Facts;
  #lastStatement = 0;
  #database: string | null;
  #busy = false;
  #draining = false;
  #closed = false;
  #more = false;

  constructor(parts: SessionParts) {
    this.#p = parts;
    this.#database = parts.database;
    this.#variables = new SessionVariables(parts.version);
    this.#transactions = new Transactions(parts.engine, this.#variables);
    this.#facts = {
      variable: (name) => this.#variables.get(name),
      call: (name) => ownCall(name, parts, this.#database),
    };
    parts.engine.onLostLink = (error) => this.#lost(error);
  }

  get user(): string {
    return this.#p.user;
  }

  /** Ends the handshake: with OK, or by throwing 1049 where the client's database is not there. */
  async greet(): Promise<void> {
    this.#busy = true;
    if (this.#database !== null) await this.#requireDatabase(this.#database);
    this.#busy = false;
    this.#ok();
    this.#p.output.flush();
  }

  /** Is told when bytes have come. */
  pump(): void {
    if (this.#busy || this.#closed) {
      if (this.#p.input.held > HELD_WHILE_BUSY) this.#p.socket.pause();
      return;
    }
    this.#busy = true;
    this.#serve().catch((error: unknown) => {
      this.#p.onBug(error);
      this.close();
    });
  }

  /** Ends at once when nothing is under way, else behind the transaction that is. */
  drain(): void {
    this.#draining = true;
    if (!this.#busy && !this.#transactions.isOpen)
      this.#lost(new SqlError('admin_shutdown', 'Server shutdown in progress'));
  }

  cancel(): void {
    this.#p.engine.cancel();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#p.engine.close();
    this.#p.socket.destroySoon();
    this.#p.onClosed();
  }

  /** The session ends with an error that no command asked for. */
  onLost(error: SqlError): void {
    this.#lost(error);
  }

  #lost(error: SqlError): void {
    if (this.#closed) return;
    const { output } = this.#p;
    output.writer.abandon();
    if (!this.#busy) output.writer.sequence = 0;
    writeError(output.writer, refusalOf(error, this.#p.onBug));
    output.flush();
    this.close();
  }

  async #serve(): Promise<void> {
    const { input, output, socket } = this.#p;
    for (;;) {
      input.expect(0);
      let message: ReturnType<PacketInput['next']>;
      try {
        message = input.next();
      } catch (error) {
        this.#lost(error as SqlError);
        return;
      }
      if (message === null || this.#closed) break;
      output.writer.sequence = message.nextSequence;
      await this.#answer(message.payload);
      output.flush();
      if (this.#draining && !this.#transactions.isOpen) {
        this.#busy = false;
        this.drain();
        return;
      }
    }
    this.#busy = false;
    if (socket.isPaused()) socket.resume();
  }

  async #answer(payload: Buffer): Promise<void> {
    const { writer } = this.#p.output;
    try {
      await this.#command(payload[0] ?? -1, new PacketReader(payload.subarray(1)));
    } catch (error) {
      if (this.#closed) return;
      if (error instanceof SqlError && error.condition === 'protocol_violation') {
        this.#lost(error);
        return;
      }
      this.#more = false;
      writer.abandon();
      writeError(writer, refusalOf(error, this.#p.onBug));
    }
  }

  async #command(command: number, reader: PacketReader): Promise<void> {
    switch (command) {
      case COMMAND.query:
        return this.#query(decodeText(reader.rest()));
      case COMMAND.stmtExecute:
        return this.#executePrepared(reader);
      case COMMAND.stmtPrepare:
        return this.#prepare(decodeText(reader.rest()));
      case COMMAND.stmtClose:
        this.#statements.delete(reader.uint32());
        return;
      case COMMAND.stmtSendLongData:
        this.#longData(reader);
        return;
      case COMMAND.stmtReset: {
        const statement = this.#statementOf(reader.uint32());
        statement.long.clear();
        statement.longBytes = 0;
        this.#ok();
        return;
      }
      case COMMAND.initDb:
        await this.#use(decodeText(reader.rest()).toLowerCase());
        this.#ok();
        return;
      case COMMAND.quit:
        this.close();
        return;
      default:
        return this.#rareCommand(command, reader);
    }
  }

  async #rareCommand(command: number, reader: PacketReader): Promise<void> {
    switch (command) {
      case COMMAND.ping:
        this.#ok();
        return;
      case COMMAND.statistics: {
        const { writer } = this.#p.output;
        writer.start();
        writer.text('Polylog');
        writer.end();
        return;
      }
      case COMMAND.resetConnection:
        await this.#transactions.rollback();
        this.#statements.clear();
        for (const [name] of this.#variables.all()) this.#variables.forget(name);
        this.#ok();
        return;
      case COMMAND.setOption:
        // 0 = several statements in one text are allowed from now on, 1 = they are not.
        if (reader.uint16() > 1) throw new MysqlRefusal(1047, '08S01', 'Unknown command');
        this.#endOfOptions();
        return;
      default:
        throw new MysqlRefusal(1047, '08S01', 'Unknown command');
    }
  }

  #endOfOptions(): void {
    writeColumns(this.#p.output.writer, [], this.#p.capabilities & ~CAPABILITY.deprecateEof, this.#status());
  }

  // ── texts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #query(text: string): Promise<void> {
    const { dialect } = this.#p.frontEnd;
    const statements = statementsOf(text, dialect.lexicon);
    if (statements.length === 0) throw new MysqlRefusal(1065, '42000', 'Query was empty');
    if (statements.length > 1 && (this.#p.capabilities & CAPABILITY.multiStatements) === 0)
      throw new SqlError('syntax_error', dialect.syntaxError(statements[1] ?? null));
    for (const [i, statement] of statements.entries()) {
      this.#more = i < statements.length - 1;
      await this.#runText(answered(statement, this.#facts));
      if (this.#closed) return;
    }
  }

  async #runText(text: string): Promise<void> {
    const { dialect, cache } = this.#p.frontEnd;
    const command = parseCommand(text, dialect.lexicon);
    if (command !== null) {
      await this.#runCommand(command, false);
      return;
    }
    const { prepared, literals } = cache.lookup(text);
    const [shape] = prepared.statements;
    if (shape === undefined) {
      this.#ok();
      return;
    }
    if (shape.parameterCount > 0) throw new SqlError('syntax_error', dialect.syntaxError('?'));
    const values = literals[0] ?? NO_LITERALS;
    await this.#run(shape, (bound) => literalValues(shape, values, bound, DEFAULT_TEXT_CONTEXT), false, text);
  }

  async #run(
    shape: PreparedStatement,
    values: (bound: BoundStatement) => readonly Value[],
    binary: boolean,
    text: string,
  ): Promise<void> {
    const sink = new ResultWriter(
      this.#p.output,
      this.#p.capabilities,
      this.#statusNow,
      binary,
      shape.kind === 'query' ? this.#rowsMax(text) : Infinity,
    );
    const { count, returnsRows } = await this.#transactions.run(shape, values, sink);
    if (returnsRows) sink.end();
    else this.#ok(Math.max(count, 0), this.#p.engine.insertId);
  }

  async #runCommand(command: Command, binary: boolean): Promise<void> {
    switch (command.kind) {
      case 'use':
        await this.#use(command.database);
        break;
      case 'assign':
        for (const [name, value] of command.variables) await this.#assign(name, value);
        break;
      case 'modes':
        this.#setModes(command);
        break;
      case 'kill':
        this.#p.onKill(command.connection, command.queryOnly);
        break;
      default:
        this.#table(
          await answerShow(command, {
            database: this.#database,
            query: (sql) => this.#ownRows(sql),
            variables: () => this.#variables.all(),
          }),
          binary,
        );
        return;
    }
    this.#ok();
  }

  async #assign(name: string, value: string | null): Promise<void> {
    const before = this.#variables.autocommit;
    this.#variables.set(name, value);
    // Turned on again, it ends what is open.
    if (!before && this.#variables.autocommit) await this.#transactions.commit();
  }

  #setModes({ session, isolation, readOnly }: Extract<Command, { kind: 'modes' }>): void {
    if (!session) {
      this.#transactions.setNext({ isolation, readOnly });
      return;
    }
    if (readOnly !== null) this.#variables.set('transaction_read_only', readOnly ? '1' : '0');
    if (isolation !== null) this.#variables.set('transaction_isolation', isolation.toUpperCase().replaceAll(' ', '-'));
  }

  // ── databases ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Throws 1049 for a database that is not there. */
  async #requireDatabase(name: string): Promise<void> {
    const rows = await this.#ownRows(`select 1 from pg_catalog.pg_namespace where nspname = ${quoted(name)}`);
    if (rows.length === 0) throw new MysqlRefusal(1049, '42000', `Unknown database '${name}'`);
  }

  async #use(name: string): Promise<void> {
    await this.#requireDatabase(name);
    await this.#p.engine.run(useDatabase(name), () => NO_LITERALS, 1, null);
    this.#database = name;
  }

  async #ownRows(sql: string): Promise<readonly Row[]> {
    const { prepared, literals } = this.#p.frontEnd.cache.lookup(sql);
    const [shape] = prepared.statements;
    if (shape === undefined) return [];
    const keeper = new ResultKeeper();
    const values = literals[0] ?? NO_LITERALS;
    await this.#transactions.run(shape, (bound) => literalValues(shape, values, bound, DEFAULT_TEXT_CONTEXT), keeper);
    return keeper.kept;
  }

  // ── prepared statements ────────────────────────────────────────────────────────────────────────────────────────────

  async #prepare(given: string): Promise<void> {
    const { dialect, cache } = this.#p.frontEnd;
    const texts = statementsOf(given, dialect.lexicon);
    const [text] = texts;
    if (text === undefined) throw new MysqlRefusal(1065, '42000', 'Query was empty');
    if (texts.length > 1) throw new SqlError('syntax_error', dialect.syntaxError(texts[1] ?? null));
    if (this.#statements.size >= STATEMENTS_MAX)
      throw new MysqlRefusal(1461, '42000', "Can't create more than max_prepared_stmt_count statements");
    const isOwn = parseCommand(answered(text, this.#facts), dialect.lexicon) !== null;
    const shape = isOwn ? null : (cache.lookupFixed(answered(text, this.#facts)).statements[0] ?? null);
    const bound = shape === null ? null : await this.#bindForClient(shape);
    const number = ++this.#lastStatement;
    this.#statements.set(number, { text, shape, types: null, long: new Map(), longBytes: 0 });
    const columns = (bound?.columns ?? []).map(columnOf);
    const parameters = Array.from({ length: shape?.parameterCount ?? 0 }, () => PARAMETER);
    const { writer } = this.#p.output;
    writer.start();
    writer.uint8(0);
    writer.uint32(number);
    writer.uint16(columns.length);
    writer.uint16(parameters.length);
    writer.uint8(0);
    writer.uint16(0);
    writer.end();
    if (parameters.length > 0) writeColumns(writer, parameters, this.#p.capabilities, this.#status());
    if (columns.length > 0) writeColumns(writer, columns, this.#p.capabilities, this.#status());
  }

  /** Statements that end or begin transactions need no description, and an open transaction must outlive one that fails. */
  async #bindForClient(shape: PreparedStatement): Promise<BoundStatement | null> {
    if (!['query', 'insert', 'update', 'delete'].includes(shape.kind)) return null;
    return this.#transactions.describe(shape);
  }

  async #executePrepared(reader: PacketReader): Promise<void> {
    const statement = this.#statementOf(reader.uint32());
    const cursor = reader.uint8();
    reader.skip(4);
    if (cursor !== 0) throw new SqlError('feature_not_supported', 'a cursor is not supported');
    this.#more = false;
    const { shape } = this.#current(statement);
    if (shape === null) {
      const command = parseCommand(answered(statement.text, this.#facts), this.#p.frontEnd.dialect.lexicon);
      if (command !== null) await this.#runCommand(command, false);
      return;
    }
    const { values, types } = readParameters(reader, shape.parameterCount, statement.types, statement.long);
    statement.types = types;
    statement.long.clear();
    statement.longBytes = 0;
    await this.#run(
      shape,
      ({ parameters }) => values.map((value, i) => parameterValue(value, parameters[i] ?? TYPES.text)),
      true,
      statement.text,
    );
  }

  /** sql_select_limit, which a statement's own LIMIT comes before. */
  #rowsMax(text: string): number {
    const limit = this.#variables.selectLimit;
    return limit === null || hasLimit(text, this.#p.frontEnd.dialect.lexicon) ? Infinity : limit;
  }

  /** What a text asks of the session is asked anew. */
  #current(statement: ClientStatement): Pick<ClientStatement, 'shape'> {
    const text = answered(statement.text, this.#facts);
    if (statement.shape === null || text === statement.text) return statement;
    return { shape: this.#p.frontEnd.cache.lookupFixed(text).statements[0] ?? null };
  }

  /** Is not answered, whatever becomes of it. */
  #longData(reader: PacketReader): void {
    const statement = this.#statements.get(reader.uint32());
    const parameter = reader.uint16();
    const data = reader.rest();
    if (statement === undefined || parameter >= (statement.shape?.parameterCount ?? 0)) return;
    statement.longBytes += data.length;
    if (statement.longBytes > LONG_DATA_MAX)
      throw new SqlError(
        'protocol_violation',
        "Parameter of prepared statement is longer than 'max_allowed_packet' bytes",
      );
    const before = statement.long.get(parameter);
    statement.long.set(parameter, before === undefined ? Buffer.from(data) : Buffer.concat([before, data]));
  }

  #statementOf(number: number): ClientStatement {
    const statement = this.#statements.get(number);
    if (statement === undefined)
      throw new MysqlRefusal(1243, 'HY000', `Unknown prepared statement handler (${number}) given to EXECUTE`);
    return statement;
  }

  // ── answers ────────────────────────────────────────────────────────────────────────────────────────────────────────

  readonly #statusNow = (): number => this.#status();

  #status(): number {
    return (
      (this.#transactions.isOpen ? STATUS.inTransaction : 0) |
      (this.#variables.autocommit ? STATUS.autocommit : 0) |
      (this.#more ? STATUS.moreResults : 0)
    );
  }

  #ok(affected = 0, insertId = 0n): void {
    writeOk(this.#p.output.writer, affected, insertId, this.#status());
  }

  #table({ names, rows }: Table, binary: boolean): void {
    const sink = new ResultWriter(this.#p.output, this.#p.capabilities, this.#statusNow, binary);
    sink.columns(names.map((name) => [name, TYPES.text, 0, 0] as const));
    sink.rows(rows);
    sink.end();
  }
}
