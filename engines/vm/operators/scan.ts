import { type KeyPart, keyPrefixEnd, partEncoder } from '#schemas/values/key.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { KeyRange, MaybePromise, RowCursor, VisibleRow } from '../../rows/reading.js';
import type { IndexShape, TableShape } from '../../rows/shape.js';
import type { Evaluator } from '../compile.js';
import type { ColumnId } from '../scalar.js';
import type { Batch, Operator, PlanNode, Runtime } from './operator.js';

/** How a bound value becomes the key column's own type; undefined = no key can equal it. */
export type KeyConversion = (value: Value) => Value | undefined;

export interface KeyBound {
  readonly evaluate: Evaluator;
  readonly convert: KeyConversion | null;
}

/** One column of an access path that is fixed to a value. */
export interface KeyEquality extends KeyBound {
  /** Several values: an array whose elements are tried one by one. */
  readonly many: boolean;
}

export type KeyLimit = KeyBound & { readonly inclusive: boolean };

/** A way into a table: equalities on the leading columns of a key, then perhaps a range on the next. */
export interface AccessPath {
  /** Null = the row key. */
  readonly index: IndexShape | null;
  readonly columns: readonly KeyPart[];
  readonly equalities: readonly KeyEquality[];
  readonly lower: KeyLimit | null;
  readonly upper: KeyLimit | null;
  readonly reverse: boolean;
}

const NONE: readonly string[] = [];

/** Computes the key ranges of an access path for one execution. */
export class AccessRanges {
  readonly #path: AccessPath;
  readonly #encoders: ReadonlyArray<(value: Value) => string>;
  /** Every column of the row key is fixed: look-ups instead of scans. */
  readonly points: boolean;

  constructor(path: AccessPath) {
    this.#path = path;
    this.#encoders = path.columns.map((column) => partEncoder(column));
    this.points = path.index === null && path.columns.length > 0 && path.equalities.length === path.columns.length;
  }

  /** Encoded prefixes of the fixed columns; none when a bound is null or cannot be equalled. */
  prefixes(runtime: Runtime): readonly string[] {
    let prefixes: readonly string[] = [''];
    for (let i = 0; i < this.#path.equalities.length; i++) {
      const equality = this.#path.equalities[i] as KeyEquality;
      const encode = this.#encoders[i] as (value: Value) => string;
      const value = equality.evaluate(NO_ROW, runtime);
      if (value === null) return NONE;
      if (equality.many) {
        const keys = this.#manyKeys(value as readonly Value[], equality, encode);
        prefixes = prefixes.flatMap((p) => keys.map((k) => p + k));
        continue;
      }
      const converted = equality.convert === null ? value : equality.convert(value);
      if (converted === undefined) return NONE;
      const encoded = encode(converted);
      prefixes = i === 0 ? [encoded] : prefixes.map((p) => p + encoded);
    }
    return prefixes;
  }

  /** Keys of several values, in key order, so that the rows come in key order. */
  #manyKeys(values: readonly Value[], equality: KeyEquality, encode: (value: Value) => string): string[] {
    const keys = new Set<string>();
    for (const item of values) {
      const converted = item === null || equality.convert === null ? item : equality.convert(item);
      if (converted !== null && converted !== undefined) keys.add(encode(converted));
    }
    const sorted = [...keys].sort();
    return this.#path.reverse ? sorted.reverse() : sorted;
  }

  /** The range under a prefix; null when it is empty. */
  range(prefix: string, runtime: Runtime): KeyRange | null {
    const { lower, upper, equalities, columns } = this.#path;
    if (lower === null && upper === null)
      return prefix === '' ? { from: null, to: null } : { from: prefix, to: keyPrefixEnd(prefix) };
    const encode = this.#encoders[equalities.length] as (value: Value) => string;
    const low = limitKey(lower, encode, runtime);
    const high = limitKey(upper, encode, runtime);
    if (low === null || high === null) return null;
    // In a descending column larger values have smaller keys.
    const [first, last] = columns[equalities.length]?.descending === true ? [high, low] : [low, high];
    const present = `${prefix}\u0002`;
    const from =
      first === undefined ? present : first.inclusive ? prefix + first.key : keyPrefixEnd(prefix + first.key);
    const to =
      last === undefined ? keyPrefixEnd(present) : last.inclusive ? keyPrefixEnd(prefix + last.key) : prefix + last.key;
    return { from, to };
  }
}

/** undefined = no bound; null = a null bound, which nothing satisfies. */
function limitKey(
  limit: KeyLimit | null,
  encode: (value: Value) => string,
  runtime: Runtime,
): { key: string; inclusive: boolean } | null | undefined {
  if (limit === null) return undefined;
  const value = limit.evaluate(NO_ROW, runtime);
  if (value === null) return null;
  const converted = limit.convert === null ? value : limit.convert(value);
  return converted === undefined ? null : { key: encode(converted), inclusive: limit.inclusive };
}

const NO_ROW: Row = [];

export interface ScanOptions {
  readonly shape: TableShape;
  readonly name: string;
  readonly path: AccessPath;
  /** Checked on each row; null = everything. */
  readonly filter: Evaluator | null;
  readonly layout: readonly ColumnId[];
  /** The layout's last column is the row itself (VisibleRow). */
  readonly withRowId: boolean;
  readonly rows: number;
  readonly notes: readonly string[];
}

/** Visible rows of a base table, by row key or through an index. */
export class ScanNode implements PlanNode {
  readonly layout: readonly ColumnId[];
  readonly rows: number;
  readonly label: string;
  readonly children: readonly PlanNode[] = [];
  readonly notes: readonly string[];
  readonly options: ScanOptions;
  readonly ranges: AccessRanges;

  constructor(options: ScanOptions) {
    this.options = options;
    this.layout = options.layout;
    this.rows = options.rows;
    this.notes = options.notes;
    this.ranges = new AccessRanges(options.path);
    const { index, equalities, lower, upper, reverse } = options.path;
    const backward = reverse ? ' Backward' : '';
    const whole = equalities.length === 0 && lower === null && upper === null;
    if (index !== null) this.label = `Index Scan${backward} using ${index.name} on ${options.name}`;
    else
      this.label = whole
        ? `Seq Scan${backward} on ${options.name}`
        : `Index Scan${backward} using ${options.shape.keyConstraint ?? 'row key'} on ${options.name}`;
  }

  open(runtime: Runtime): Operator {
    return new ScanOperator(this, runtime);
  }

  /** The visible rows themselves, unfiltered: for statements that write them. */
  visible(runtime: Runtime): VisibleRows {
    return new VisibleRows(this, runtime);
  }
}

/** Brings a row that is shorter than the table's width (written before columns were added) to full width. */
export function fullWidth(row: Row, shape: TableShape): Row {
  const { slots } = shape.event;
  if (row.length >= slots) return row;
  const full: Value[] = row.slice();
  for (let i = row.length; i < slots; i++) full.push(shape.missing[i] ?? null);
  return full;
}

/** Walks an access path of one execution. */
export class VisibleRows {
  readonly #node: ScanNode;
  readonly #runtime: Runtime;
  readonly #prefixes: readonly string[];
  #at = 0;
  #cursor: RowCursor | null = null;

  constructor(node: ScanNode, runtime: Runtime) {
    this.#node = node;
    this.#runtime = runtime;
    this.#prefixes = node.ranges.prefixes(runtime);
  }

  /** The next visible rows; null at the end. A loop, not a recursion: an array of keys may name a great many rows that are not there. */
  next(): MaybePromise<readonly VisibleRow[] | null> {
    const { shape, path } = this.#node.options;
    const { transaction } = this.#runtime;
    for (;;) {
      if (this.#cursor === null) {
        if (this.#at >= this.#prefixes.length) return null;
        const prefix = this.#prefixes[this.#at++] as string;
        if (this.#node.ranges.points) {
          const row = transaction.get(shape, prefix);
          if (row instanceof Promise) return row.then((r) => (r === null ? this.next() : [r]));
          if (row !== null) return [row];
          continue;
        }
        const range = this.#node.ranges.range(prefix, this.#runtime);
        if (range === null) continue;
        const { index, reverse } = path;
        this.#cursor =
          index === null
            ? transaction.scan(shape, range, reverse)
            : transaction.scanIndex(shape, index, range, reverse);
      }
      const rows = this.#cursor.next();
      if (rows instanceof Promise) return rows.then((r) => r ?? this.#nextRange());
      if (rows !== null) return rows;
      this.close();
    }
  }

  #nextRange(): MaybePromise<readonly VisibleRow[] | null> {
    this.close();
    return this.next();
  }

  close(): void {
    this.#cursor?.close();
    this.#cursor = null;
  }
}

class ScanOperator implements Operator {
  readonly #node: ScanNode;
  readonly #runtime: Runtime;
  readonly #visible: VisibleRows;

  constructor(node: ScanNode, runtime: Runtime) {
    this.#node = node;
    this.#runtime = runtime;
    this.#visible = node.visible(runtime);
  }

  next(): MaybePromise<Batch | null> {
    for (;;) {
      const found = this.#visible.next();
      if (found instanceof Promise) {
        return found.then((rows) => {
          if (rows === null) return null;
          const batch = this.#rows(rows);
          return batch.length > 0 ? batch : this.next();
        });
      }
      if (found === null) return null;
      const batch = this.#rows(found);
      if (batch.length > 0) return batch;
      const turn = this.#runtime.context.yieldNow();
      if (turn !== null) return turn.then(() => this.next());
    }
  }

  #rows(found: readonly VisibleRow[]): Batch {
    const { filter, withRowId, shape } = this.#node.options;
    const { slots } = shape.event;
    const batch: Row[] = [];
    for (let i = 0; i < found.length; i++) {
      const visible = found[i] as VisibleRow;
      const row = visible.row.length < slots ? fullWidth(visible.row, shape) : visible.row;
      if (filter !== null && filter(row, this.#runtime) !== true) continue;
      batch.push(withRowId ? withIdentity(row, visible) : row);
    }
    return batch;
  }

  close(): void {
    this.#visible.close();
  }
}

/** The row's identity travels as one more value, behind the columns; only operators that lock or write look at it. */
/** A row with its identity behind it. */
export function withIdentity(row: Row, visible: VisibleRow): Row {
  const wide: unknown[] = row.slice();
  wide.push(visible);
  return wide as Value[];
}

/** The identity that `withIdentity` put at `position`; null where an outer join filled the row with nulls. */
export function identityAt(row: Row, position: number): VisibleRow | null {
  const value: unknown = row[position];
  return (value ?? null) as VisibleRow | null;
}
