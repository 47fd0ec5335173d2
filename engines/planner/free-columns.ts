import type { SqlType } from '#schemas/values/type.js';
import { type ColumnId, operandsOf, type Scalar } from '../vm/scalar.js';
import type { BoundAggregate, BoundSubquery, BoundWindow, CteTable, Logical } from './logical.js';

/** Columns that a plan reads and does not make itself: they belong to enclosing queries. */
export function freeColumns(logical: Logical, types: Map<ColumnId, SqlType>): Set<ColumnId> {
  const made = new Set<ColumnId>();
  const read = new Set<ColumnId>();
  const use = (scalar: Scalar): void => {
    if (scalar.kind === 'column') {
      read.add(scalar.id);
      types.set(scalar.id, scalar.type);
    } else for (const operand of operandsOf(scalar)) use(operand);
  };
  walk(logical, made, use);
  for (const id of made) read.delete(id);
  return read;
}

function walk(l: Logical, made: Set<ColumnId>, use: (scalar: Scalar) => void, tables: Set<CteTable> = new Set()): void {
  const make = (ids: Iterable<ColumnId>): void => {
    for (const id of ids) made.add(id);
  };
  if ('input' in l) walk(l.input, made, use, tables);
  switch (l.op) {
    case 'table':
      make(l.rowId === null ? l.ids : [...l.ids, l.rowId]);
      break;
    case 'virtual':
    case 'past':
    case 'analytic':
      make(l.ids);
      if (l.op === 'past' && l.moment !== null) use(l.moment);
      break;
    case 'cte':
      make(l.ids);
      for (const scalar of freeOfCte(l.table, tables)) use(scalar);
      break;
    case 'values':
    case 'rows':
      make(l.ids);
      for (const row of l.rows) row.forEach(use);
      break;
    case 'function':
      make(l.ids);
      l.arguments.forEach(use);
      break;
    case 'join':
      walk(l.left, made, use, tables);
      walk(l.right, made, use, tables);
      if (l.on !== null) use(l.on);
      break;
    case 'filter':
      use(l.predicate);
      break;
    case 'project':
      for (const o of l.outputs) use(o.scalar);
      make(l.outputs.map((o) => o.id));
      break;
    case 'aggregate':
      for (const g of l.groups) use(g.scalar);
      for (const a of l.aggregates) aggregateScalars(a).forEach(use);
      make([...l.groups.map((g) => g.id), ...l.aggregates.map((a) => a.id)]);
      break;
    case 'window':
      for (const w of l.windows) windowScalars(w).forEach(use);
      make(l.windows.map((w) => w.id));
      break;
    case 'sort':
      for (const k of l.keys) use(k.scalar);
      break;
    case 'limit':
      limitScalars(l).forEach(use);
      break;
    case 'set':
      walk(l.left, made, use, tables);
      walk(l.right, made, use, tables);
      make(l.ids);
      break;
    case 'apply':
      for (const s of l.subqueries) {
        walk(s.plan, made, use, tables);
        subqueryScalars(s).forEach(use);
      }
      make(l.subqueries.map((s) => s.id));
      break;
    case 'project-set':
      for (const f of l.functions) f.arguments.forEach(use);
      make(l.functions.map((f) => f.id));
      break;
    default:
      break;
  }
}

function aggregateScalars(a: BoundAggregate): Scalar[] {
  return [...a.arguments, ...a.orderBy.map((k) => k.scalar), ...(a.filter === null ? [] : [a.filter])];
}

function subqueryScalars({ compare, operands }: BoundSubquery): readonly Scalar[] {
  return [...(compare === null ? [] : [compare]), ...(operands ?? [])];
}

function limitScalars({ limit, offset, withTies }: Extract<Logical, { op: 'limit' }>): readonly Scalar[] {
  return [limit, offset, ...(withTies ?? []).map((key) => key.scalar)].filter((scalar) => scalar !== null);
}

function windowScalars(w: BoundWindow): Scalar[] {
  const filter = w.filter === null ? [] : [w.filter];
  return [...w.arguments, ...w.partitionBy, ...w.orderBy.map((k) => k.scalar), ...filter, ...offsets(w)];
}

/** All columns that a plan's rows have. */
export function producedColumns(logical: Logical): Set<ColumnId> {
  const made = new Set<ColumnId>();
  walk(logical, made, () => undefined);
  return made;
}

/** Columns of enclosing queries that a WITH query reads. A recursive term reads its own table: once around is enough. */
function freeOfCte(table: CteTable, tables: Set<CteTable>): Scalar[] {
  if (tables.has(table)) return [];
  tables.add(table);
  const made = new Set<ColumnId>();
  const used: Array<Extract<Scalar, { kind: 'column' }>> = [];
  const use = (scalar: Scalar): void => {
    if (scalar.kind === 'column') used.push(scalar);
    else for (const operand of operandsOf(scalar)) use(operand);
  };
  if (table.plan !== null) walk(table.plan, made, use, tables);
  if (table.recursive !== null) walk(table.recursive.plan, made, use, tables);
  return used.filter((column) => !made.has(column.id));
}

function offsets({ frame }: BoundWindow): Scalar[] {
  return [frame.start, frame.end].flatMap((end) => ('offset' in end ? [end.offset] : []));
}
