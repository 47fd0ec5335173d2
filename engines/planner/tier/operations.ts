import type { AnalyticAggregate, AnalyticOperation } from '#schemas/analytics/operations.js';
import type { SqlType, TypeKind } from '#schemas/values/type.js';
import type { CallScalar } from '../../vm/scalar.js';

/** Types in groups whose members may meet in one operation. */
const INTEGERS: ReadonlySet<TypeKind> = new Set<TypeKind>(['smallint', 'integer', 'bigint']);
const TEXTS: ReadonlySet<TypeKind> = new Set<TypeKind>(['text', 'varchar', 'char', 'name']);
const ORDERED: ReadonlySet<TypeKind> = new Set<TypeKind>([
  'boolean',
  'real',
  'double',
  'numeric',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'uuid',
  'bytea',
]);

const COMPARISONS: Readonly<Record<string, AnalyticOperation>> = {
  '=': 'equal',
  '<>': 'not-equal',
  '<': 'less',
  '<=': 'less-or-equal',
  '>': 'greater',
  '>=': 'greater-or-equal',
};
const ARITHMETIC: Readonly<Record<string, AnalyticOperation>> = { '+': 'add', '-': 'subtract', '*': 'multiply' };
/** Of integers alone: a numeric's quotient has digits by rules of its own. */
const INTEGER_ONLY: Readonly<Record<string, AnalyticOperation>> = { '/': 'divide-integer', '%': 'remainder' };
const ON_TEXT: Readonly<Record<string, AnalyticOperation>> = { '||': 'concatenate', '~~': 'like', '!~~': 'not-like' };
const FIELDS: Readonly<Record<string, AnalyticOperation>> = {
  year: 'extract-year',
  month: 'extract-month',
  day: 'extract-day',
};

/** The operation, and which of the arguments it takes; null when the OLAP tier has none that is exactly this. */
export interface MatchedOperation {
  readonly operation: AnalyticOperation;
  readonly from: number;
}

export function analyticOperation(call: CallScalar): MatchedOperation | null {
  const operation = call.operator ? operatorOf(call) : functionOf(call);
  if (operation === null) return null;
  return { operation, from: operation.startsWith('extract-') ? 1 : 0 };
}

function operatorOf({ name, arguments: args, type }: CallScalar): AnalyticOperation | null {
  const [a, b] = args.map((each) => each.type);
  if (a === undefined) return null;
  if (b === undefined) return name === '-' && isExact(a) ? 'negate' : null;
  if (Object.hasOwn(COMPARISONS, name)) return isComparable(a, b) ? (COMPARISONS[name] ?? null) : null;
  if (Object.hasOwn(ARITHMETIC, name)) return isSameExact(a, b) && isExact(type) ? (ARITHMETIC[name] ?? null) : null;
  if (Object.hasOwn(INTEGER_ONLY, name)) return areIntegers(a, b) ? (INTEGER_ONLY[name] ?? null) : null;
  return Object.hasOwn(ON_TEXT, name) && TEXTS.has(a.kind) && TEXTS.has(b.kind) ? (ON_TEXT[name] ?? null) : null;
}

function functionOf({ name, arguments: args, type }: CallScalar): AnalyticOperation | null {
  const [a, b] = args;
  if (a === undefined) return null;
  if (name === 'cast') return castIsExact(a.type, type) ? 'cast' : null;
  if (name === 'length')
    return args.length === 1 && (a.type.kind === 'text' || a.type.kind === 'varchar') ? 'length' : null;
  const isField = (name === 'extract' || name === 'date_part') && a.kind === 'constant' && b !== undefined;
  if (!isField || (b.type.kind !== 'date' && b.type.kind !== 'timestamp')) return null;
  const field = String(a.value).toLowerCase();
  return Object.hasOwn(FIELDS, field) ? (FIELDS[field] ?? null) : null;
}

function areIntegers(a: SqlType, b: SqlType): boolean {
  return INTEGERS.has(a.kind) && INTEGERS.has(b.kind);
}

function isExact({ kind }: SqlType): boolean {
  return INTEGERS.has(kind) || kind === 'numeric';
}

function isSameExact(a: SqlType, b: SqlType): boolean {
  return areIntegers(a, b) || (a.kind === 'numeric' && b.kind === 'numeric');
}

function isComparable(a: SqlType, b: SqlType): boolean {
  return areIntegers(a, b) || (TEXTS.has(a.kind) && TEXTS.has(b.kind)) || (a.kind === b.kind && ORDERED.has(a.kind));
}

/** Casts that lose nothing, and neither look at the session nor cut. */
function castIsExact(from: SqlType, to: SqlType): boolean {
  if (INTEGERS.has(from.kind)) return INTEGERS.has(to.kind) || to.kind === 'double' || isFreeNumeric(to);
  if (TEXTS.has(from.kind)) return to.kind === 'text' || (to.kind === 'varchar' && to.length === null);
  if (from.kind === 'numeric') return isFreeNumeric(to);
  if (from.kind === 'real') return to.kind === 'double';
  return from.kind === 'date' && to.kind === 'timestamp';
}

function isFreeNumeric(type: SqlType): boolean {
  return type.kind === 'numeric' && type.precision === null;
}

/** What an aggregate function is in the OLAP tier, by the type of its argument; null when it is none. `avg` is made of a sum and a count. */
export function analyticAggregate(name: string, argument: SqlType | null): AnalyticAggregate | 'average' | null {
  if (name === 'count') return argument === null ? 'count-rows' : 'count';
  if (argument === null) return null;
  const { kind } = argument;
  switch (name) {
    case 'sum':
      return isExact(argument) || kind === 'double' ? 'sum' : null;
    case 'avg':
      return isExact(argument) ? 'average' : null;
    case 'min':
    case 'max':
      return INTEGERS.has(kind) || TEXTS.has(kind) || (ORDERED.has(kind) && kind !== 'boolean') ? name : null;
    case 'bool_and':
    case 'every':
      return 'every';
    case 'bool_or':
      return 'some';
    default:
      return null;
  }
}
