import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import { ProjectionDamaged } from '../runner/projection.js';
import { DuckDb, type DuckDbLimits, identifier, parquetFiles, stringLiteral } from './duckdb.js';
import { FreshRows, type FreshVersion } from './fresh-rows.js';
import { syncFolder, type TableFile, type TableManifest } from './manifest.js';
import { KEY_COLUMN, OFFSET_COLUMN, OPERATION, OPERATION_COLUMN, type TableLayout } from './table-layout.js';
import type { TableState } from './table-source.js';

/** Small files of one table beyond which they are put together. */
const SMALL_FILES_MAX = 16;
const SMALL_FILE_ROWS = 1_000_000;
/** Share of versions that end others beyond which a table is written anew without what has ended. */
const CHANGES_SHARE_MAX = 0.3;

/** Someone who reads tables as they were when it began: what it may need is not taken away. */
export interface Reader {
  state(table: ObjectId): TableState;
  release(): void;
}

interface Garbage {
  readonly readers: Set<Reader>;
  readonly take: () => Promise<void>;
}

/**
 * The tables of the OLAP tier: Parquet files, and fresh rows in DuckDB's memory.
 *
 * Owns DuckDB, the fresh rows and the files below `tables/`. Invariants: a file is named by a manifest before the fresh rows that went into it are dropped; what a reader may need
 * stays until it is done.
 */
export class Warehouse {
  readonly db: DuckDb;
  readonly #folder: string;
  readonly #tables = new Map<ObjectId, TableState>();
  readonly #readers = new Set<Reader>();
  #garbage: Garbage[] = [];
  /** One after the other, and none while DuckDB is closed. */
  #collecting: Promise<void> = Promise.resolve();
  /** Files whose checksum was found right since the process began. */
  readonly #checked = new Set<string>();
  #freshNumber = 0;
  freshRows = 0;

  private constructor(folder: string, db: DuckDb, tables: readonly TableManifest[]) {
    this.#folder = folder;
    this.db = db;
    for (const each of tables) this.#tables.set(each.table, { ...each, fresh: [] });
  }

  static async open(folder: string, tables: readonly TableManifest[], limits: DuckDbLimits): Promise<Warehouse> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new Warehouse(folder, await DuckDb.open(folder, limits), tables);
  }

  read(): Reader {
    const tables = new Map(this.#tables);
    const reader: Reader = {
      state: (table) => tables.get(table) ?? { table, name: `table ${table}`, layouts: [], files: [], fresh: [] },
      release: () => {
        if (!this.#readers.delete(reader)) return;
        for (const { readers } of this.#garbage) readers.delete(reader);
        this.#collect();
      },
    };
    this.#readers.add(reader);
    return reader;
  }

  /** Adds versions of one table, layout and day, in log order. */
  async add(table: ObjectId, layout: TableLayout, day: string, versions: readonly FreshVersion[]): Promise<void> {
    const state = this.#tables.get(table) ?? { table, name: layout.table, layouts: [], files: [], fresh: [] };
    let fresh = state.fresh.find((each) => each.layout === layout && each.day === day);
    if (fresh === undefined) {
      fresh = await FreshRows.create(this.db, `fresh_${++this.#freshNumber}`, layout, day);
      const layouts = state.layouts.includes(layout) ? state.layouts : [...state.layouts, layout];
      this.#tables.set(table, { ...state, name: layout.table, layouts, fresh: [...state.fresh, fresh] });
    }
    fresh.append(versions);
    this.freshRows += versions.length;
  }

  /** A table that nobody can ask for any more. */
  forget(table: ObjectId): void {
    const state = this.#tables.get(table);
    if (state === undefined) return;
    this.#tables.delete(table);
    this.freshRows -= state.fresh.reduce((sum, { rows }) => sum + rows, 0);
    this.#dispose(() => this.#take(state.files, state.fresh));
  }

  forgetAll(): void {
    for (const table of [...this.#tables.keys()]) this.forget(table);
  }

  /**
   * Writes the fresh rows into files. Answers with what the manifests must say then, and `done`, to be called when they do. `horizon`: versions that ended before this offset
   * are left out, where files are made.
   */
  async flush(
    horizon: Offset,
    nextNumber: () => number,
  ): Promise<{ readonly tables: TableManifest[]; readonly done: () => void }> {
    const replaced: Array<readonly [TableState, TableState]> = [];
    for (const state of this.#tables.values()) {
      if (state.fresh.length > 0) replaced.push([state, await this.#flushed(state, horizon, nextNumber)]);
    }
    const after = new Map(this.#tables);
    for (const [before, now] of replaced) after.set(before.table, now);
    return {
      tables: [...after.values()].map(({ table, name, layouts, files }) => ({ table, name, layouts, files })),
      done: () => {
        for (const [before, now] of replaced) {
          this.#tables.set(before.table, now);
          const gone = before.files.filter((file) => !now.files.includes(file));
          this.#dispose(() => this.#take(gone, before.fresh));
        }
        this.freshRows = 0;
      },
    };
  }

  /** A table with its fresh rows in files. Many small files become one, and a table with many changes gets new files for all of it. */
  async #flushed(state: TableState, horizon: Offset, nextNumber: () => number): Promise<TableState> {
    const sources = state.fresh.map(({ name, layout, day }) => ({ from: identifier(name), layout, day }));
    const isWholeRewrite = hasManyChanges(state);
    const kept = isWholeRewrite ? [] : keptFiles(state.files);
    for (const file of state.files) if (!kept.includes(file)) sources.push(await this.#fileSource(state, file));
    const groups = new Map<string, typeof sources>();
    for (const source of sources) {
      const key = `${state.layouts.indexOf(source.layout)}/${source.day}`;
      groups.set(key, [...(groups.get(key) ?? []), source]);
    }
    const ended = endedBefore(sources, horizon);
    const files: TableFile[] = [];
    for (const group of groups.values()) {
      const { layout, day } = group[0] as (typeof sources)[number];
      const path = `tables/${state.table}/day=${day}/${nextNumber()}.parquet`;
      const from = group.map((each) => `SELECT * FROM ${each.from}`).join(' UNION ALL ');
      const file = await this.#writeFile(path, from, isWholeRewrite ? ended : null, horizon, state, layout);
      if (file !== null) files.push(file);
    }
    return { ...state, files: [...kept, ...files], fresh: [] };
  }

  async #fileSource(
    { layouts }: TableState,
    file: TableFile,
  ): Promise<{ from: string; layout: TableLayout; day: string }> {
    await this.check([file]);
    const day = /day=([0-9-]+)/.exec(file.path)?.[1] ?? '';
    return {
      from: parquetFiles([join(this.#folder, file.path)]),
      layout: layouts[file.layout] as TableLayout,
      day,
    };
  }

  /** `ended`: SQL of keys and the offset of the change that ended their earlier versions; only where all versions of the table are in it. */
  async #writeFile(
    path: string,
    from: string,
    ended: string | null,
    horizon: Offset,
    { layouts, fresh, files }: TableState,
    layout: TableLayout,
  ): Promise<TableFile | null> {
    const at = join(this.#folder, path);
    await mkdir(dirname(at), { recursive: true, mode: 0o700 });
    const living =
      ended === null
        ? from
        : `SELECT versions.* REPLACE (CAST(CASE WHEN ${OFFSET_COLUMN} < ${horizon} THEN ${OPERATION.insert} ELSE ${OPERATION_COLUMN} END AS TINYINT) AS ${OPERATION_COLUMN}) ` +
          `FROM (${from}) AS versions LEFT JOIN (${ended}) AS ended ON versions.${KEY_COLUMN} = ended.ended_key ` +
          `WHERE (ended.last_offset IS NULL OR ${OFFSET_COLUMN} >= ended.last_offset) AND NOT (${OPERATION_COLUMN} = ${OPERATION.delete} AND ${OFFSET_COLUMN} < ${horizon})`;
    const { main } = this.db;
    const temporary = `${at}.new`;
    await main.run(
      `COPY (SELECT * FROM (${living}) ORDER BY ${KEY_COLUMN}, ${OFFSET_COLUMN}) TO ${stringLiteral(temporary)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    const counted = await main.runAndReadAll(
      `SELECT count(*), count(*) FILTER (WHERE ${OPERATION_COLUMN} <> ${OPERATION.insert}), max(${OFFSET_COLUMN}) FROM ${parquetFiles([temporary])}`,
    );
    const [rows, changes, maxOffset] = (counted.getRows()[0] ?? []).map(Number) as [number, number, number];
    if (rows === 0) {
      await rm(temporary);
      return null;
    }
    const sum = await sealed(temporary, at);
    this.#checked.add(path);
    const odd = new Set([...fresh.flatMap((each) => [...each.odd]), ...files.flatMap((file) => file.odd)]);
    const number = layouts.indexOf(layout);
    return { path, layout: number, rows, changes, maxOffset: maxOffset as Offset, odd: [...odd], ...sum };
  }

  /** Throws ProjectionDamaged for a file that is not as it was written. Reads each once. */
  async check(files: readonly TableFile[]): Promise<void> {
    for (const file of files) {
      if (this.#checked.has(file.path)) continue;
      const path = join(this.#folder, file.path);
      const sum = await checksum(path).catch((error: Error) => {
        throw new ProjectionDamaged(`${path} cannot be read: ${error.message}`);
      });
      if (sum !== file.crc32) throw new ProjectionDamaged(`${path} is damaged: its checksum is wrong`);
      this.#checked.add(file.path);
    }
  }

  async #take(files: readonly TableFile[], fresh: readonly FreshRows[]): Promise<void> {
    for (const each of fresh) await each.drop();
    for (const { path } of files) await rm(join(this.#folder, path), { force: true });
  }

  /** Does something when nobody reads any more who reads now. */
  #dispose(take: () => Promise<void>): void {
    this.#garbage.push({ readers: new Set(this.#readers), take });
    this.#collect();
  }

  #collect(): void {
    const ready = this.#garbage.filter(({ readers }) => readers.size === 0);
    this.#garbage = this.#garbage.filter(({ readers }) => readers.size > 0);
    for (const { take } of ready) this.#collecting = this.#collecting.then(take);
  }

  /** Nobody may read any more. */
  async close(): Promise<void> {
    for (const table of [...this.#tables.values()]) this.#dispose(() => this.#take([], table.fresh));
    await this.#collecting;
    this.db.close();
  }
}

function keptFiles(files: readonly TableFile[]): readonly TableFile[] {
  const large = files.filter(({ rows }) => rows >= SMALL_FILE_ROWS);
  return files.length - large.length > SMALL_FILES_MAX ? large : files;
}

function hasManyChanges({ files, fresh }: TableState): boolean {
  const rows = files.reduce((sum, file) => sum + file.rows, 0) + fresh.reduce((sum, each) => sum + each.rows, 0);
  const changes =
    files.reduce((sum, file) => sum + file.changes, 0) + fresh.reduce((sum, each) => sum + each.changes, 0);
  return changes > rows * CHANGES_SHARE_MAX;
}

/** SQL of the keys that were changed before the horizon, each with the offset of the last change. */
function endedBefore(sources: ReadonlyArray<{ readonly from: string }>, horizon: Offset): string {
  const all = sources.map(
    ({ from }) =>
      `SELECT ${KEY_COLUMN}, ${OFFSET_COLUMN} FROM ${from} WHERE ${OPERATION_COLUMN} <> ${OPERATION.insert} AND ${OFFSET_COLUMN} < ${horizon}`,
  );
  return `SELECT ${KEY_COLUMN} AS ended_key, max(${OFFSET_COLUMN}) AS last_offset FROM (${all.join(' UNION ALL ')}) GROUP BY ${KEY_COLUMN}`;
}

/** Takes a written file to disk under its own name. */
async function sealed(temporary: string, path: string): Promise<{ bytes: number; crc32: number }> {
  const file = await open(temporary, 'r');
  try {
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
  return { bytes: (await stat(path)).size, crc32: await checksum(path) };
}

async function checksum(path: string): Promise<number> {
  let sum = 0;
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) sum = crc32(bytes as Buffer, sum);
  return sum;
}
