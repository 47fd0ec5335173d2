import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { TextContext } from '#schemas/values/text-form.js';
import type { SessionIdentity } from '../catalog/ddl-contract.js';
import type { Catalog } from '../catalog/entry.js';
import type { CatalogFunctions, EvaluationContext } from '../functions/definition.js';
import type { PrepareContext, RunContext } from '../planner/prepare.js';
import type { Tier } from '../planner/tier/routing.js';
import type { MaybePromise } from '../rows/reading.js';
import type { Transaction } from '../tx/transaction.js';
import type { AnalyticReader } from '../vm/operators/analytic.js';
import type { PastReader } from '../vm/operators/past.js';
import type { EngineServices } from './services.js';
import type { Session } from './session.js';
import { parseSearchPath } from './settings.js';

/** How long one statement may run before the others get a turn, milliseconds. */
const TURN_MS = 8;

/**
 * What a session's statements see around them: text context, search path, catalog, functions' context. Derived from the settings, and derived again only when a
 * setting changed, because this stands on the path of every statement.
 */
export class SessionSurroundings {
  readonly #session: Session;
  #derivedFrom = -1;
  #text!: TextContext;
  #searchPath: readonly string[] = [];
  #prepare: PrepareContext | null = null;
  #statementTimeoutMs = 0;

  constructor(session: Session) {
    this.#session = session;
    this.#derive();
  }

  get text(): TextContext {
    this.#derive();
    return this.#text;
  }

  get searchPath(): readonly string[] {
    this.#derive();
    return this.#searchPath;
  }

  /** The planner's context: the catalog with this transaction's own DDL in it. */
  prepareContext(): MaybePromise<PrepareContext> {
    const { services, block } = this.#session;
    const catalog = services.catalog.catalogFor(block.current);
    if (catalog instanceof Promise) return catalog.then((c) => this.#contextWith(c));
    return this.#contextWith(catalog);
  }

  #contextWith(catalog: Catalog): PrepareContext {
    this.#derive();
    if (this.#prepare === null || this.#prepare.catalog !== catalog) {
      const { services, database, user, settings } = this.#session;
      this.#prepare = {
        catalog,
        database: database.id,
        user: catalog.userById(user.id) ?? user,
        searchPath: this.#searchPath,
        statistics: services.rows,
        tier: settings.text('polylog.tier') as Tier,
      };
    }
    return this.#prepare;
  }

  /** Who asks, for the catalog's description functions: always as of now. */
  identity(): SessionIdentity {
    const session = this.#session;
    const surroundings = this;
    return {
      pid: session.id,
      database: session.database,
      get user() {
        return this.catalog.userById(session.user.id) ?? session.user;
      },
      get searchPath() {
        return surroundings.searchPath;
      },
      get catalog() {
        return surroundings.#prepare?.catalog ?? session.services.catalog.current;
      },
    };
  }

  /** For the statement that begins now: a SET before it counts. */
  get statementTimeoutMs(): number {
    this.#derive();
    return this.#statementTimeoutMs;
  }

  runContext(transaction: Transaction): RunContext {
    this.#derive();
    return new StatementRun(this.#session, transaction, this.#text, this.#searchPath);
  }

  dispose(): void {
    this.#prepare = null;
  }

  #derive(): void {
    const { settings, user, control } = this.#session;
    if (this.#derivedFrom === settings.version) return;
    this.#derivedFrom = settings.version;
    const [dateStyle, dateOrder] = settings.text('DateStyle').split(', ') as [
      TextContext['dateStyle'],
      TextContext['dateOrder'],
    ];
    this.#text = {
      timeZone: settings.text('TimeZone'),
      dateStyle,
      dateOrder,
      intervalStyle: settings.text('IntervalStyle') as TextContext['intervalStyle'],
      extraFloatDigits: Number(settings.text('extra_float_digits')),
      nowMicros: 0n,
    };
    this.#searchPath = parseSearchPath(settings.text('search_path'), user.name);
    this.#statementTimeoutMs = settings.milliseconds('statement_timeout');
    control.lockTimeoutMs = settings.milliseconds('lock_timeout');
    this.#prepare = null;
  }
}

/** A long statement ends before it takes the engine, and with it everybody, down. */
export function requireMemory({ isMemoryShort }: EngineServices): void {
  if (!isMemoryShort()) return;
  throw new SqlError('out_of_memory', 'the engine has not enough memory for this statement', {
    detail: 'Changes that are not committed, and rows that are sorted, grouped or joined, are held in memory.',
    hint: 'Commit large changes in pieces of a million rows or so.',
  });
}

/** One statement's run: its evaluation context and its turns. */
class StatementRun implements RunContext, EvaluationContext {
  readonly transaction: Transaction;
  readonly #session: Session;
  readonly #text: TextContext;
  readonly searchPath: readonly string[];
  #textNow: TextContext | null = null;
  #statementTime: bigint | null = null;
  #turnEnds: number;

  constructor(session: Session, transaction: Transaction, text: TextContext, searchPath: readonly string[]) {
    this.#session = session;
    this.transaction = transaction;
    this.#text = text;
    this.searchPath = searchPath;
    this.#turnEnds = session.services.clock.monotonicMs() + TURN_MS;
  }

  get evaluation(): EvaluationContext {
    return this;
  }

  get analytics(): AnalyticReader | null {
    const { services, control } = this.#session;
    return services.analytics?.reader(control) ?? null;
  }

  get past(): PastReader | null {
    const { services, control } = this.#session;
    return services.history?.reader(control) ?? null;
  }

  yieldNow(): Promise<void> | null {
    const { services, control } = this.#session;
    control.check();
    if (control.sleepMs > 0) return control.sleep();
    const now = services.clock.monotonicMs();
    if (now < this.#turnEnds) return null;
    requireMemory(services);
    return services.nextTurn().then(() => {
      this.#turnEnds = services.clock.monotonicMs() + TURN_MS;
      control.check();
    });
  }

  get text(): TextContext {
    this.#textNow ??= { ...this.#text, nowMicros: this.transaction.startedAt };
    return this.#textNow;
  }

  get transactionTime(): bigint {
    return this.transaction.startedAt;
  }

  get statementTime(): bigint {
    this.#statementTime ??= this.#session.services.clock.nowMicros();
    return this.#statementTime;
  }

  clockMicros(): bigint {
    return this.#session.services.clock.nowMicros();
  }

  get user(): string {
    return this.#session.user.name;
  }

  get sessionUser(): string {
    return this.#session.user.name;
  }

  get database(): string {
    return this.#session.database.name;
  }

  setting(name: string): string | null {
    return this.#session.settings.get(name);
  }

  setSetting(name: string, value: string, local: boolean): void {
    this.#session.settings.set(name, value, local);
  }

  random(): number {
    return Math.random();
  }

  randomBytes(length: number): Uint8Array {
    return this.#session.services.random.bytes(length);
  }

  sleep(ms: number): void {
    this.#session.control.sleepMs += ms;
  }

  get catalog(): CatalogFunctions {
    return this.#session.catalogFunctions;
  }
}
