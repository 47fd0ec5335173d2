import { hash } from 'node:crypto';
import type { ObjectId } from '../kernel/brand.js';
import { DEFAULT_TEXT_CONTEXT, textPrinter } from '../values/text-form.js';
import type { SqlType } from '../values/type.js';
import type { Row, Value } from '../values/value.js';

/** A live column of a table, for a digest of its rows. */
export interface DigestColumn {
  readonly slot: number;
  readonly type: SqlType;
  /** What rows show that were written before the column was there. */
  readonly missing: Value;
}

/** What a table comes to at an offset: equal digests, equal rows under equal keys. */
export interface TableDigest {
  readonly table: ObjectId;
  readonly rows: number;
  /** 32 hexadecimal digits. */
  readonly digest: string;
}

const LANES = 4;
/** Stands between the values of a row; no text form holds it. */
const SEPARATOR = '\0';

/**
 * Digests the rows of a table, in whatever order they come: the sum of a hash for each row, over its key and the text forms of its live columns. Ids of versions are not in it,
 * so that two tiers which keep different things of a row still agree on it.
 */
export class TableDigester {
  readonly #table: ObjectId;
  readonly #columns: readonly DigestColumn[];
  readonly #print: ReadonlyArray<(value: Value) => string>;
  readonly #sums = new Uint32Array(LANES);
  #rows = 0;

  constructor(table: ObjectId, columns: readonly DigestColumn[]) {
    this.#table = table;
    this.#columns = columns;
    this.#print = columns.map(({ type }) => textPrinter(type, DEFAULT_TEXT_CONTEXT));
  }

  /** `key`: the encoded row key, a binary string. `row`: by slot; may be shorter than the table is wide now. */
  add(key: string, row: Row): void {
    let text = key;
    for (let i = 0; i < this.#columns.length; i++) {
      const { slot, missing } = this.#columns[i] as DigestColumn;
      const value = slot < row.length ? (row[slot] ?? null) : missing;
      text += value === null ? SEPARATOR : `${SEPARATOR}=${this.#print[i]?.(value)}`;
    }
    const bytes = hash('md5', text, 'buffer');
    for (let lane = 0; lane < LANES; lane++) {
      this.#sums[lane] = ((this.#sums[lane] as number) + bytes.readUInt32LE(lane * 4)) >>> 0;
    }
    this.#rows++;
  }

  finish(): TableDigest {
    const digest = Array.from(this.#sums, (sum) => sum.toString(16).padStart(8, '0')).join('');
    return { table: this.#table, rows: this.#rows, digest };
  }
}
