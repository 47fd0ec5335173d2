import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnalyticColumnId, AnalyticPlan } from '#schemas/analytics/plan.js';
import { RELATIONS } from '#schemas/catalog/system-tables.js';
import type { DigestColumn, TableDigest } from '#schemas/events/table-digest.js';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row } from '#schemas/values/value.js';
import type { KnownSchemas } from '../runner/known-schemas.js';
import {
  type Checkpoint,
  type CommittedTransaction,
  type Projection,
  ProjectionDamaged,
} from '../runner/projection.js';
import type { DuckDbLimits } from './duckdb.js';
import { Horizon } from './horizon.js';
import { ROOT_NAME, type RootManifest, readManifests, type TableManifest, writeRoot, writeTable } from './manifest.js';
import { TableLayouts } from './table-layout.js';
import { VersionGroups } from './version-groups.js';
import type { Warehouse } from './warehouse.js';

/** Rows in memory beyond which they go into files, and the time after which a checkpoint is written all the same. */
const FLUSH_ROWS = 400_000;
const FLUSH_AFTER_MICROS = 300_000_000;

export interface OlapOptions {
  readonly folder: string;
  /** The runner's own, which knows the schema of whatever is kept. */
  readonly schemas: KnownSchemas;
  readonly limits: DuckDbLimits;
  /** Rows in memory beyond which they go into files. */
  readonly flushRows?: number;
  /** Microseconds since 1970. */
  readonly now: () => number;
  /** A file was found damaged: everything is to be built anew. Resolves when it is. */
  readonly onDamage: (reason: string) => Promise<void>;
}

/**
 * The OLAP tier: the tables of users as Parquet files and fresh rows in memory, and queries over them at any recent snapshot.
 *
 * Owns the root manifest. Invariant: what is on disk is the tables as of the root manifest's checkpoint; rows behind it are in memory alone, and are folded again after a crash.
 * DuckDB is loaded when there is something to be kept or asked, so that an idle node does not pay for it.
 */
export class Olap implements Projection {
  readonly name = 'olap';
  readonly #options: OlapOptions;
  readonly #layouts: TableLayouts;
  readonly #horizon = new Horizon();
  #opening: Promise<Warehouse> | null = null;
  #loaded: TableManifest[] | null = null;
  readonly #written = new Map<TableManifest['files'], RootManifest['tables'][number]>();
  readonly #generations = new Map<string, ObjectId>();
  #retired: Array<readonly [ObjectId, Offset]> = [];
  #checkpoint: Checkpoint | null = null;
  #floor = 0 as Offset;
  #nextNumber = 1;
  #flushedAt: number;
  #isFlushed = true;

  constructor(options: OlapOptions) {
    this.#options = options;
    this.#layouts = new TableLayouts(options.schemas);
    this.#flushedAt = options.now();
  }

  checkpoint(): Checkpoint | null {
    if (this.#loaded === null) this.#load();
    return this.#checkpoint;
  }

  #load(): void {
    const found = readManifests(this.#options.folder);
    this.#loaded = [];
    if (found === null) return;
    const { root, tables } = found;
    this.#loaded = tables.map((each) => ({ ...each, layouts: each.layouts.map((l) => this.#layouts.same(l)) }));
    for (const [i, { files }] of this.#loaded.entries())
      this.#written.set(files, root.tables[i] as RootManifest['tables'][number]);
    for (const [key, table] of root.generations) this.#generations.set(key, table);
    this.#retired = [...root.retired];
    this.#checkpoint = root.checkpoint;
    this.#floor = root.floor;
    this.#nextNumber = root.nextNumber;
  }

  async apply(transactions: readonly CommittedTransaction[], checkpoint: Checkpoint): Promise<void> {
    const groups = new VersionGroups(this.#layouts);
    for (const transaction of transactions) {
      groups.take(transaction);
      this.#horizon.take(transaction.offset, transaction.timestamp);
      if (transaction.definitions?.has(RELATIONS.shape.id) === true) this.#takeRelations(transaction);
    }
    for (const { table, layout, day, versions } of groups.all())
      await (await this.#warehouse()).add(table, layout, day, versions);
    this.#checkpoint = checkpoint;
    this.#isFlushed = false;
    const { freshRows } = this.#opening === null ? { freshRows: 0 } : await this.#opening;
    if (
      freshRows >= (this.#options.flushRows ?? FLUSH_ROWS) ||
      this.#options.now() > this.#flushedAt + FLUSH_AFTER_MICROS
    )
      await this.#flush();
  }

  /** Which rows belong to no relation any more. */
  #takeRelations({ events, offset }: CommittedTransaction): void {
    for (const { table, key, row } of events) {
      if (table !== RELATIONS.shape.id) continue;
      const generation = row === null ? null : RELATIONS.fromRow(row).generation;
      const before = this.#generations.get(key) ?? null;
      if (before !== null && before !== generation) this.#retired.push([before, offset]);
      if (generation === null) this.#generations.delete(key);
      else this.#generations.set(key, generation);
    }
  }

  async #flush(): Promise<void> {
    if (this.#checkpoint === null) return;
    const { folder, now } = this.#options;
    const horizon = this.#horizon.at(now());
    const { tables, done } = await this.#flushedTables(horizon);
    const entries = await Promise.all(tables.map((each) => this.#entryOf(each)));
    const gone = [...this.#written.values()].filter((entry) => !entries.includes(entry));
    this.#floor = Math.max(this.#floor, horizon) as Offset;
    await writeRoot(folder, {
      format: 1,
      checkpoint: this.#checkpoint,
      floor: this.#floor,
      tables: entries,
      generations: [...this.#generations],
      retired: this.#retired,
      nextNumber: this.#nextNumber,
    });
    this.#written.clear();
    for (const [i, { files }] of tables.entries())
      this.#written.set(files, entries[i] as RootManifest['tables'][number]);
    done();
    for (const { path } of gone) await rm(join(folder, path), { force: true });
    this.#flushedAt = now();
    this.#isFlushed = true;
  }

  async #flushedTables(horizon: Offset): ReturnType<Warehouse['flush']> {
    if (this.#opening === null) return { tables: this.#loaded ?? [], done: () => undefined };
    const warehouse = await this.#opening;
    for (const [table, offset] of this.#retired) if (offset < horizon) warehouse.forget(table);
    this.#retired = this.#retired.filter(([, offset]) => offset >= horizon);
    return warehouse.flush(horizon, () => this.#nextNumber++);
  }

  /** The manifest of a table on disk, written unless it is there. */
  async #entryOf(manifest: TableManifest): Promise<RootManifest['tables'][number]> {
    const there = this.#written.get(manifest.files);
    if (there !== undefined) return there;
    return writeTable(this.#options.folder, `tables/${manifest.table}/manifest-${this.#nextNumber++}.json`, manifest);
  }

  /** Batches of a query in Arrow's stream format. Everything below `snapshot` must have been applied. Throws SqlError. */
  async *query(
    plan: AnalyticPlan,
    inputs: Row,
    columns: readonly AnalyticColumnId[],
    snapshot: Offset,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    this.#requireKept(snapshot);
    const warehouse = await this.#warehouse();
    const { runPlan } = await import('./run-plan.js');
    try {
      yield* runPlan(warehouse, this.#options.folder, { plan, inputs, columns, snapshot }, signal);
    } catch (error) {
      if (!(error instanceof ProjectionDamaged)) throw error;
      void this.#options.onDamage(error.message);
      throw new SqlError('data_corrupted', error.message, { hint: 'The OLAP tier is being built anew from the log.' });
    }
  }

  #requireKept(snapshot: Offset): void {
    if (snapshot >= this.#floor) return;
    throw new SqlError('snapshot_too_old', 'the OLAP tier keeps no snapshot of that age any more', {
      hint: "SET polylog.tier = 'tx' for transactions that are open for more than a minute.",
    });
  }

  async digest(table: ObjectId, columns: readonly DigestColumn[], snapshot: Offset): Promise<TableDigest> {
    this.#requireKept(snapshot);
    const { digestTable } = await import('./digest-table.js');
    const { folder } = this.#options;
    try {
      return await digestTable(await this.#warehouse(), folder, table, columns, snapshot);
    } catch (error) {
      if (!(error instanceof ProjectionDamaged)) throw error;
      await this.#options.onDamage(error.message);
      return digestTable(await this.#warehouse(), folder, table, columns, snapshot);
    }
  }

  #warehouse(): Promise<Warehouse> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<Warehouse> {
    const { folder, limits } = this.#options;
    const tables = this.#loaded ?? [];
    const named = new Set([...tables.flatMap(({ files }) => files), ...this.#written.values()].map(({ path }) => path));
    await sweep(folder, named);
    const { Warehouse: Opened } = await import('./warehouse.js');
    return Opened.open(folder, tables, limits);
  }

  async drop(): Promise<void> {
    const { folder } = this.#options;
    await rm(join(folder, ROOT_NAME), { force: true });
    this.#loaded = [];
    this.#written.clear();
    this.#generations.clear();
    this.#retired = [];
    this.#checkpoint = null;
    this.#floor = 0 as Offset;
    this.#isFlushed = true;
    if (this.#opening === null) await rm(join(folder, 'tables'), { recursive: true, force: true });
    else (await this.#opening).forgetAll();
  }

  async close(): Promise<void> {
    if (!this.#isFlushed) await this.#flush();
    if (this.#opening !== null) await (await this.#opening).close();
  }
}

/** Removes what no manifest names: a crash came between writing files and naming them. */
async function sweep(folder: string, named: ReadonlySet<string>): Promise<void> {
  const tables = join(folder, 'tables');
  if (!existsSync(tables)) return;
  for (const entry of await readdir(tables, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !named.has(path.slice(folder.length + 1))) await rm(path, { force: true });
  }
}
