import type { KeyPart } from '#schemas/values/key.js';
import type { SqlType, TypeKind } from '#schemas/values/type.js';
import { sameKind } from '#schemas/values/type-name.js';
import type { Value } from '#schemas/values/value.js';
import type { IndexShape } from '../rows/shape.js';
import type { Evaluator } from '../vm/compile.js';
import type { AccessPath, KeyConversion, KeyEquality, KeyLimit } from '../vm/operators/scan.js';
import { type CallScalar, type ColumnId, columnsOf, isVolatile, type Scalar } from '../vm/scalar.js';
import type { LogicalTable } from './logical.js';

/** A condition that an access path can make use of: `column op value`, the value known before the scan begins. */
interface Sargable {
  readonly predicate: Scalar;
  readonly column: ColumnId;
  readonly operator: '=' | '<' | '<=' | '>' | '>=' | '= any';
  readonly value: Scalar;
  readonly convert: KeyConversion | null;
}

const FLIPPED: Readonly<Record<string, Sargable['operator']>> = {
  '=': '=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};
const INTEGERS: ReadonlySet<TypeKind> = new Set<TypeKind>(['smallint', 'integer', 'bigint']);
const STRINGS: ReadonlySet<TypeKind> = new Set<TypeKind>(['text', 'varchar', 'name']);

/** The column under a cast that keeps order and equality: integers to wider integers, strings to text. */
function keyColumn(scalar: Scalar, table: LogicalTable): Extract<Scalar, { kind: 'column' }> | null {
  if (scalar.kind === 'column') return table.ids.includes(scalar.id) ? scalar : null;
  if (scalar.kind !== 'call' || scalar.name !== 'cast' || scalar.operator) return null;
  const inner = scalar.arguments[0];
  if (inner?.kind !== 'column' || !table.ids.includes(inner.id)) return null;
  const keeps =
    (INTEGERS.has(inner.type.kind) && INTEGERS.has(scalar.type.kind)) ||
    (STRINGS.has(inner.type.kind) && STRINGS.has(scalar.type.kind));
  return keeps ? inner : null;
}

/** How values of `from` become keys of `to`; undefined when they cannot be compared by key. */
function conversionTo(from: SqlType, to: SqlType): KeyConversion | null | undefined {
  if (sameKind(from, to)) return null;
  if (STRINGS.has(from.kind) && STRINGS.has(to.kind)) return null;
  if (!INTEGERS.has(from.kind) || !INTEGERS.has(to.kind)) return undefined;
  if (to.kind === 'bigint') return (v) => BigInt(v as number);
  const high = to.kind === 'integer' ? 2_147_483_647 : 32_767;
  return (v: Value) => {
    const n = Number(v);
    return n > high || n < -high - 1 ? undefined : n;
  };
}

/** `column op value` conditions on a table, where `known` says whether a column has its value before the scan. */
function sargables(predicates: readonly Scalar[], table: LogicalTable, known: (id: ColumnId) => boolean): Sargable[] {
  const found: Sargable[] = [];
  for (const predicate of predicates) {
    if (predicate.kind !== 'call' || predicate.arguments.length !== 2) continue;
    const [left, right] = predicate.arguments as [Scalar, Scalar];
    const forward = sargable(predicate, left, right, predicate.name, table, known);
    const one =
      forward ??
      (FLIPPED[predicate.name] === undefined
        ? null
        : sargable(predicate, right, left, FLIPPED[predicate.name] as string, table, known));
    if (one !== null) found.push(one);
  }
  return found;
}

function sargable(
  predicate: CallScalar,
  side: Scalar,
  value: Scalar,
  name: string,
  table: LogicalTable,
  known: (id: ColumnId) => boolean,
): Sargable | null {
  const any = name === '= any' && !predicate.operator;
  if (!any && !(predicate.operator && (name === '=' || name in FLIPPED))) return null;
  const column = keyColumn(side, table);
  if (column === null || isVolatile(value)) return null;
  for (const id of columnsOf(value)) if (!known(id)) return null;
  const type = any ? (value.type.kind === 'array' ? value.type.element : null) : value.type;
  if (type === null) return null;
  const convert = conversionTo(type, column.type);
  if (convert === undefined) return null;
  // A range whose bound falls outside of the key's type needs more thought than a look-up: leave it to the filter.
  if (convert !== null && !any && name !== '=' && column.type.kind !== 'bigint') return null;
  return { predicate, column: column.id, operator: name as Sargable['operator'], value, convert };
}

/** A way into a table with what it is expected to cost and to answer. */
export interface ChosenPath {
  readonly path: AccessPath;
  /** Conditions that the path's ranges fulfil exactly. */
  readonly used: readonly Scalar[];
  readonly rows: number;
  readonly cost: number;
}

/** What a plan would like rows to be ordered by. */
export interface WantedOrder {
  readonly columns: ReadonlyArray<{
    readonly id: ColumnId;
    readonly descending: boolean;
    readonly nullsFirst: boolean;
  }>;
}

const EQUALITY_SELECTIVITY = 0.005;
const RANGE_SELECTIVITY = 0.3;
/** An index entry costs a look-up of its row on top. */
const INDEX_ROW_COST = 2;

interface Candidate {
  readonly index: IndexShape | null;
  readonly parts: ReadonlyArray<KeyPart & { readonly slot: number | null }>;
  readonly unique: boolean;
}

/** The cheapest way into a table for these conditions. `compile` turns a bound into an evaluator without a row. */
export function chooseAccess(
  table: LogicalTable,
  predicates: readonly Scalar[],
  rows: number,
  known: (id: ColumnId) => boolean,
  compile: (scalar: Scalar) => Evaluator,
  wanted: WantedOrder | null,
): ChosenPath {
  const { shape } = table.table;
  const usable = sargables(predicates, table, known);
  const candidates: Candidate[] = [{ index: null, parts: shape.key, unique: shape.key.length > 0 }];
  for (const index of shape.indexes) {
    if (!index.ready || index.predicate !== null || index.columns.some((c) => c.slot === null)) continue;
    candidates.push({ index, parts: index.columns, unique: index.unique });
  }
  let best: ChosenPath | null = null;
  for (const candidate of candidates) {
    const path = pathFor(candidate, table, usable, rows, compile, wanted);
    if (path !== null && (best === null || path.cost < best.cost)) best = path;
  }
  return best as ChosenPath;
}

function pathFor(
  candidate: Candidate,
  table: LogicalTable,
  usable: readonly Sargable[],
  rows: number,
  compile: (scalar: Scalar) => Evaluator,
  wanted: WantedOrder | null,
): ChosenPath | null {
  const { index, parts, unique } = candidate;
  const equalities: KeyEquality[] = [];
  const used: Scalar[] = [];
  let estimate = rows;
  let many = false;
  for (const part of parts) {
    const id = part.slot === null ? undefined : table.ids[part.slot];
    const match =
      usable.find((s) => s.column === id && s.operator === '=') ??
      usable.find((s) => s.column === id && s.operator === '= any');
    if (match === undefined) break;
    const list = match.operator === '= any';
    equalities.push({ evaluate: compile(match.value), convert: match.convert, many: list });
    used.push(match.predicate);
    many ||= list;
    estimate *= list ? EQUALITY_SELECTIVITY * 10 : EQUALITY_SELECTIVITY;
  }
  if (unique && equalities.length === parts.length) estimate = many ? 10 : 1;
  const limits = limitsFor(parts[equalities.length], table, usable, compile);
  if (limits.lower !== null || limits.upper !== null)
    estimate *= limits.lower !== null && limits.upper !== null ? RANGE_SELECTIVITY / 3 : RANGE_SELECTIVITY;
  const ordered = wanted === null ? null : orderServed(parts, equalities.length, many, table, wanted);
  const restricts = equalities.length > 0 || limits.lower !== null || limits.upper !== null;
  if (index !== null && !restricts && ordered === null) return null;
  const fetched = Math.max(1, estimate);
  const base = index === null ? fetched : fetched * INDEX_ROW_COST + 1;
  // Rows that come in the wanted order need no sort, and a limit above may stop early.
  const cost = ordered === null ? base + (wanted === null ? 0 : fetched * Math.log2(fetched + 2)) : base;
  return {
    path: {
      index,
      columns: parts,
      equalities,
      lower: limits.lower,
      upper: limits.upper,
      reverse: ordered === 'backward',
    },
    used: [...used, ...limits.used],
    rows: fetched,
    cost,
  };
}

function limitsFor(
  part: Candidate['parts'][number] | undefined,
  table: LogicalTable,
  usable: readonly Sargable[],
  compile: (scalar: Scalar) => Evaluator,
): { lower: KeyLimit | null; upper: KeyLimit | null; used: Scalar[] } {
  const none = { lower: null, upper: null, used: [] };
  if (part === undefined || part.slot === null) return none;
  const id = table.ids[part.slot];
  const limit = (operators: readonly string[]): { limit: KeyLimit; predicate: Scalar } | null => {
    const match = usable.find((s) => s.column === id && operators.includes(s.operator));
    if (match === undefined) return null;
    return {
      limit: { evaluate: compile(match.value), convert: match.convert, inclusive: match.operator.endsWith('=') },
      predicate: match.predicate,
    };
  };
  const lower = limit(['>', '>=']);
  const upper = limit(['<', '<=']);
  return {
    lower: lower?.limit ?? null,
    upper: upper?.limit ?? null,
    used: [lower, upper].filter((l) => l !== null).map((l) => l.predicate),
  };
}

/** Do rows of this path come in the wanted order, read forward or backward? Columns fixed to one value do not matter. */
function orderServed(
  parts: Candidate['parts'],
  fixed: number,
  many: boolean,
  table: LogicalTable,
  wanted: WantedOrder,
): 'forward' | 'backward' | null {
  if (many) return null;
  const fixedIds = new Set(parts.slice(0, fixed).map((p) => (p.slot === null ? -1 : table.ids[p.slot])));
  const columns = wanted.columns.filter((c) => !fixedIds.has(c.id));
  let direction: 'forward' | 'backward' | null = null;
  for (let i = 0; i < columns.length; i++) {
    const part = parts[fixed + i];
    const column = columns[i] as WantedOrder['columns'][number];
    if (part === undefined || part.slot === null || table.ids[part.slot] !== column.id) return null;
    const descending = part.descending === true;
    const way = descending === column.descending ? 'forward' : 'backward';
    const nullsFirst = part.nullsFirst === true;
    const notNull = table.table.columns.find((c) => c.slot === part.slot)?.notNull === true;
    if (!notNull && (way === 'forward' ? nullsFirst : !nullsFirst) !== column.nullsFirst) return null;
    if (direction !== null && direction !== way) return null;
    direction = way;
  }
  return direction ?? 'forward';
}

/** True when the path answers rows in `wanted` order. */
export function pathOrders(table: LogicalTable, path: AccessPath, wanted: WantedOrder): boolean {
  const many = path.equalities.some((e) => e.many);
  const parts = path.index === null ? table.table.shape.key : path.index.columns;
  if (parts.length === 0) return false;
  const served = orderServed(parts, path.equalities.length, many, table, wanted);
  return served === (path.reverse ? 'backward' : 'forward');
}
