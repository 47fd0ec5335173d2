import { CATALOG_TABLES, SYSTEM_SHAPES } from '#schemas/catalog/system-tables.js';
import { assert } from '#schemas/kernel/assert.js';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import type { Random } from '#schemas/kernel/ports.js';
import type { Statement } from '#schemas/program/statement.js';
import type { Row } from '#schemas/values/value.js';
import type { CatalogFunctions } from '../functions/definition.js';
import type { MaybePromise, ReadView, RowReader, VisibleRow } from '../rows/reading.js';
import type { TableShape } from '../rows/shape.js';
import type { Transaction, TransactionSystem } from '../tx/transaction.js';
import { type BootstrapOptions, bootstrapRows } from './bootstrap.js';
import { executeDdl } from './ddl/execute.js';
import { DdlWork } from './ddl/work.js';
import type { CatalogHolder, DdlContext, DdlResult, SessionIdentity } from './ddl-contract.js';
import type { ExpressionCompiler } from './expression-compiler.js';
import type { SchemaRegistrar } from './schema-registrar.js';
import { SequencePool } from './sequence-pool.js';
import { SessionFunctions } from './session-functions.js';
import { CatalogSnapshot, type VirtualTables } from './snapshot.js';
import { isCatalogTable, SystemRows } from './system-rows.js';
import { ShapeFactory } from './table-shape.js';

/** A decided write, as the transaction system tells of it. */
export interface DecidedWrite {
  readonly data: { readonly id: ObjectId };
  readonly version: { readonly key: string; readonly row: Row | null };
}

export interface CatalogStoreOptions {
  readonly rows: RowReader;
  readonly compiler: ExpressionCompiler;
  readonly registrar: SchemaRegistrar;
  readonly random: Random;
  readonly virtual: VirtualTables;
  /** Rows of this generation of a table will not be asked for again. */
  generationGone(generation: ObjectId): void;
}

/** The catalog with one transaction's own changes, as of a place among its writes. */
interface Overlay {
  readonly position: number;
  readonly base: CatalogSnapshot;
  readonly snapshot: CatalogSnapshot;
}

const EVERYTHING: ReadView = { snapshot: Number.MAX_SAFE_INTEGER as Offset, owner: null, command: 0 };
const SYSTEM_SHAPE_BY_ID = new Map(SYSTEM_SHAPES.map((shape) => [shape.id, shape]));

/**
 * The catalog over time.
 *
 * Owns the rows of the decided catalog, the snapshot made of them, and the snapshots of transactions that have made DDL. Invariants: `current` holds what is decided
 * and nothing else; a transaction's own snapshot is taken back when it rolls back past the DDL; versions only grow, and no two snapshots share one.
 */
export class CatalogStore implements CatalogHolder {
  readonly #options: CatalogStoreOptions;
  readonly shapes: ShapeFactory;
  readonly sequences: SequencePool;
  #rows = new SystemRows();
  #current: CatalogSnapshot | null = null;
  #versions = 0;
  #changed: () => void = () => undefined;
  /** The store's system rows are newer than `#rows`: a replay goes on. */
  #behind = true;
  readonly #overlays = new WeakMap<Transaction, Overlay[]>();
  readonly #unknown = new Set<ObjectId>();
  #transactions: TransactionSystem | null = null;

  constructor(options: CatalogStoreOptions) {
    this.#options = options;
    this.shapes = new ShapeFactory(options.compiler);
    this.sequences = new SequencePool(() => this.transactions);
  }

  /** Must be called before the first statement; recovery does without. */
  attach(transactions: TransactionSystem): void {
    this.#transactions = transactions;
  }

  get transactions(): TransactionSystem {
    assert(this.#transactions !== null, 'the catalog has no transactions yet');
    return this.#transactions;
  }

  get compiler(): ExpressionCompiler {
    return this.#options.compiler;
  }

  get registrar(): SchemaRegistrar {
    return this.#options.registrar;
  }

  get random(): Random {
    return this.#options.random;
  }

  /** Registers the event schemas of system tables: before the first commit of an engine. */
  async registerSystemShapes(): Promise<void> {
    for (const shape of SYSTEM_SHAPES) await this.#options.registrar.register(shape.event);
  }

  /** Registers the event schemas of every table as it is now: rows of them may be written from the first statement on. */
  async registerUserShapes(): Promise<void> {
    const { current } = this;
    for (const generation of current.generations()) {
      const shape = current.shapeOfGeneration(generation);
      if (shape !== null) await this.#options.registrar.register(shape.event);
    }
  }

  /** True for a log without a catalog. */
  get empty(): boolean {
    return this.current.databases.size === 0;
  }

  /** Writes the rows of a fresh cluster and commits them. */
  async bootstrap(options: BootstrapOptions): Promise<void> {
    const transaction = this.transactions.begin({ isolation: 'read committed', readOnly: false, control: NO_CONTROL });
    transaction.beginStatement();
    for (const [table, row] of bootstrapRows(options)) await transaction.insert(table, row);
    await transaction.commit();
  }

  /** `changed` is called after each commit that changed the catalog, before anybody can see it. */
  onChanged(changed: () => void): void {
    this.#changed = changed;
  }

  // ── recovery (ShapeSource) ─────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Synchronous: rows of system tables are in memory. A table that is not known may have been made by the very transaction that is being folded, so the system rows
   * are read again before it is taken for dropped.
   */
  shapeOf(generation: ObjectId): TableShape | null {
    const system = SYSTEM_SHAPE_BY_ID.get(generation);
    if (system !== undefined) return system;
    if (this.#unknown.has(generation)) return null;
    const known = this.#current?.shapeOfGeneration(generation) ?? null;
    if (known !== null) return known;
    this.#behind = true;
    const shape = this.current.shapeOfGeneration(generation);
    if (shape === null) this.#unknown.add(generation);
    return shape;
  }

  /** What is made of the rows is made again when it is next asked for. */
  systemRowsChanged(tables: ReadonlySet<ObjectId>): void {
    for (const table of tables) if (isCatalogTable(table)) this.#behind = true;
    if (this.#behind) this.#unknown.clear();
  }

  /** A decided transaction's writes, in log order, before anybody can see them. */
  decided(writes: readonly DecidedWrite[]): void {
    let changed = false;
    for (const { data, version } of writes) {
      if (!isCatalogTable(data.id)) continue;
      if (!changed && this.#behind) this.#reload();
      this.#rows.apply(data.id, version.key, version.row);
      changed = true;
    }
    if (!changed) return;
    this.#renew();
    this.#changed();
  }

  // ── snapshots ──────────────────────────────────────────────────────────────────────────────────────────────────────

  get current(): CatalogSnapshot {
    if (this.#behind) {
      this.#reload();
      this.#renew();
    }
    return this.#current as CatalogSnapshot;
  }

  #reload(): void {
    const rows = new SystemRows();
    for (const { shape } of CATALOG_TABLES) {
      const cursor = this.#options.rows.scan(shape, { from: null, to: null }, false, EVERYTHING);
      for (;;) {
        const batch = cursor.next();
        assert(!(batch instanceof Promise), 'system tables are in memory');
        if (batch === null) break;
        for (const row of batch) rows.apply(shape.id, row.key, row.row);
      }
    }
    this.#rows = rows;
    this.#behind = false;
  }

  #renew(): void {
    const before = this.#current;
    const next = this.snapshotOf(this.#rows.copy());
    this.#current = next;
    this.#unknown.clear();
    if (before === null) return;
    for (const generation of before.generations()) {
      if (next.shapeOfGeneration(generation) === null) this.#options.generationGone(generation);
    }
  }

  /** A new snapshot of `rows`. */
  snapshotOf(rows: SystemRows): CatalogSnapshot {
    return new CatalogSnapshot(++this.#versions, rows, this.shapes, this.#options.virtual);
  }

  catalogFor(transaction: Transaction | null): MaybePromise<CatalogSnapshot> {
    if (transaction === null) return this.current;
    const overlays = this.#overlays.get(transaction);
    if (overlays === undefined) return this.current;
    const { position } = transaction.mark();
    while (overlays.length > 0 && (overlays[overlays.length - 1] as Overlay).position > position) overlays.pop();
    const top = overlays[overlays.length - 1];
    if (top === undefined) {
      this.#overlays.delete(transaction);
      return this.current;
    }
    return top.base === this.current ? top.snapshot : this.#reread(transaction, overlays);
  }

  /** Others have changed the catalog since this transaction's DDL: both are read through the transaction. */
  async #reread(transaction: Transaction, overlays: Overlay[]): Promise<CatalogSnapshot> {
    const base = this.current;
    transaction.beginStatement();
    const rows = new SystemRows();
    for (const { shape } of CATALOG_TABLES) {
      const cursor = transaction.scan(shape, { from: null, to: null }, false);
      for (let batch = await cursor.next(); batch !== null; batch = await cursor.next()) {
        for (const row of batch as readonly VisibleRow[]) rows.apply(shape.id, row.key, row.row);
      }
    }
    const snapshot = this.snapshotOf(rows);
    overlays.push({ position: transaction.mark().position, base, snapshot });
    return snapshot;
  }

  // ── statements ─────────────────────────────────────────────────────────────────────────────────────────────────────

  async execute(statement: Statement, context: DdlContext): Promise<DdlResult> {
    const { transaction } = context;
    const work = new DdlWork(this, context, await this.catalogFor(transaction));
    const result = await executeDdl(statement, work);
    if (work.changed) {
      const overlays = this.#overlays.get(transaction) ?? [];
      overlays.push({ position: transaction.mark().position, base: this.current, snapshot: work.snapshot });
      this.#overlays.set(transaction, overlays);
      transaction.beginStatement();
    }
    return result;
  }

  sessionFunctions(session: SessionIdentity): CatalogFunctions {
    return new SessionFunctions(session, this.sequences, this.#options.rows);
  }
}

/** Internal transactions are never interrupted. */
export const NO_CONTROL = { lockTimeoutMs: 0, interrupted: null, onInterrupt: () => () => undefined } as const;
