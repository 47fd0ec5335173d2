import {
  BIGINT,
  BLOB,
  type DuckDBAppender,
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDataChunk,
  TINYINT,
  VARCHAR,
} from '@duckdb/node-api';
import type { Offset } from '#schemas/kernel/brand.js';
import { DEFAULT_TEXT_CONTEXT, printText } from '#schemas/values/text-form.js';
import type { Row, Value } from '#schemas/values/value.js';
import { type ColumnStorage, ODD, storageOf } from './column-storage.js';
import { type DuckDb, identifier } from './duckdb.js';
import {
  KEY_COLUMN,
  ODD_COLUMN,
  OFFSET_COLUMN,
  OPERATION,
  OPERATION_COLUMN,
  type StoredColumn,
  type TableLayout,
} from './table-layout.js';

/** A version of a row on its way into DuckDB. */
export interface FreshVersion {
  readonly key: string;
  /** Of its transaction's commit. */
  readonly offset: Offset;
  operation: number;
  /** By slot; null when it is a delete. */
  row: Row | null;
}

/** DuckDB's own size of a chunk. */
const CHUNK_ROWS = 2_048;
const HIDDEN_BEFORE = 3;

/** Rows of one table, layout and day that are in no file yet: a table in DuckDB's memory. */
export class FreshRows {
  readonly layout: TableLayout;
  /** Of the commits, as YYYY-MM-DD in UTC. */
  readonly day: string;
  /** Its name in DuckDB. */
  readonly name: string;
  readonly #db: DuckDb;
  readonly #columns: ReadonlyArray<{ readonly column: StoredColumn; readonly storage: ColumnStorage }>;
  /** Its own: appending while another statement runs on the same connection ends that statement, or fails. */
  readonly #connection: DuckDBConnection;
  readonly #appender: DuckDBAppender;
  readonly odd = new Set<number>();
  rows = 0;
  changes = 0;
  maxOffset = 0 as Offset;

  private constructor(
    db: DuckDb,
    connection: DuckDBConnection,
    name: string,
    layout: TableLayout,
    day: string,
    appender: DuckDBAppender,
  ) {
    this.#db = db;
    this.#connection = connection;
    this.name = name;
    this.layout = layout;
    this.day = day;
    this.#columns = layout.columns.map((column) => ({ column, storage: storageOf(column.type) }));
    this.#appender = appender;
  }

  static async create(db: DuckDb, name: string, layout: TableLayout, day: string): Promise<FreshRows> {
    const columns = layout.columns.map(
      ({ name: column, type }) => `${identifier(column)} ${storageOf(type).duckdb.toString()}`,
    );
    const hidden = [`${KEY_COLUMN} BLOB`, `${OFFSET_COLUMN} BIGINT`, `${OPERATION_COLUMN} TINYINT`];
    const connection = await db.take();
    await connection.run(
      `CREATE TABLE ${identifier(name)} (${[...hidden, ...columns, `${ODD_COLUMN} VARCHAR`].join(', ')})`,
    );
    return new FreshRows(db, connection, name, layout, day, await connection.createAppender(name));
  }

  /** Takes versions in log order. Queries see them when it returns. */
  append(versions: readonly FreshVersion[]): void {
    for (let from = 0; from < versions.length; from += CHUNK_ROWS)
      this.#appendChunk(versions.slice(from, from + CHUNK_ROWS));
    this.#appender.flushSync();
    this.rows += versions.length;
    for (const { operation } of versions) if (operation !== OPERATION.insert) this.changes++;
    this.maxOffset = versions.at(-1)?.offset ?? this.maxOffset;
  }

  #appendChunk(versions: readonly FreshVersion[]): void {
    const types = [BLOB, BIGINT, TINYINT, ...this.#columns.map(({ storage }) => storage.duckdb), VARCHAR];
    const chunk = DuckDBDataChunk.create(types, versions.length);
    const key = chunk.getColumnVector(0);
    const offset = chunk.getColumnVector(1);
    const operation = chunk.getColumnVector(2);
    for (const [i, version] of versions.entries()) {
      key.setItem(i, new DuckDBBlobValue(Buffer.from(version.key, 'latin1')));
      offset.setItem(i, BigInt(version.offset));
      operation.setItem(i, version.operation);
    }
    for (const vector of [key, offset, operation]) vector.flush();
    const odd = new Map<number, Record<number, string>>();
    for (let c = 0; c < this.#columns.length; c++) this.#fillColumn(chunk, c, versions, odd);
    const last = chunk.getColumnVector(HIDDEN_BEFORE + this.#columns.length);
    for (let i = 0; i < versions.length; i++) {
      const values = odd.get(i);
      last.setItem(i, values === undefined ? null : JSON.stringify(values));
    }
    last.flush();
    this.#appender.appendDataChunk(chunk);
  }

  #fillColumn(
    chunk: DuckDBDataChunk,
    at: number,
    versions: readonly FreshVersion[],
    odd: Map<number, Record<number, string>>,
  ): void {
    const { column, storage } = this.#columns[at] as { column: StoredColumn; storage: ColumnStorage };
    const vector = chunk.getColumnVector(HIDDEN_BEFORE + at);
    for (let i = 0; i < versions.length; i++) {
      const value: Value = versions[i]?.row?.[column.slot] ?? null;
      let stored = value === null ? null : storage.toDuckDb(value);
      if (stored === ODD) {
        this.odd.add(column.slot);
        const values = odd.get(i) ?? {};
        odd.set(i, values);
        values[column.slot] = printText(column.type, value as Exclude<Value, null>, DEFAULT_TEXT_CONTEXT);
        stored = null;
      }
      vector.setItem(i, stored);
    }
    vector.flush();
  }

  /** Ends it: nobody reads it any more. */
  async drop(): Promise<void> {
    this.#appender.closeSync();
    await this.#connection.run(`DROP TABLE ${identifier(this.name)}`);
    this.#db.release(this.#connection);
  }
}
