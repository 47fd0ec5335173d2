import type { AnalyticAggregate, AnalyticOperation } from '#schemas/analytics/operations.js';
import type { SqlType, TypeKind } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { EvaluationContext } from '../../functions/definition.js';
import type { CallScalar, Scalar } from '../../vm/scalar.js';

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
  quarter: 'extract-quarter',
  month: 'extract-month',
  week: 'extract-week',
  day: 'extract-day',
  dow: 'extract-dow',
  isodow: 'extract-isodow',
  doy: 'extract-doy',
};
const CLOCK_FIELDS: Readonly<Record<string, AnalyticOperation>> = { hour: 'extract-hour', minute: 'extract-minute' };
const STEPS: Readonly<Record<string, AnalyticOperation>> = {
  year: 'truncate-year',
  quarter: 'truncate-quarter',
  month: 'truncate-month',
  week: 'truncate-week',
  day: 'truncate-day',
  hour: 'truncate-hour',
  minute: 'truncate-minute',
};

/** An operation and what it is applied to. */
export interface MatchedOperation {
  readonly operation: AnalyticOperation;
  readonly operands: readonly Scalar[];
}

/** Null when the OLAP tier has no operation that is exactly this. */
export function analyticOperation(call: CallScalar): MatchedOperation | null {
  const operation = call.operator ? operatorOf(call) : (fieldOf(call) ?? functionOf(call));
  if (operation === null) return null;
  const { arguments: args, list = [] } = call;
  const isOfField = operation.startsWith('extract-') || operation.startsWith('truncate-');
  const zone = (isOfField || operation === 'cast') && args.at(-1)?.type.kind === 'timestamptz' ? [SESSION_ZONE] : [];
  return { operation, operands: [...args.slice(isOfField ? 1 : 0), ...zone, ...list] };
}

/** Fields and days of a moment are those of the session's time zone. */
const SESSION_ZONE: Scalar = {
  kind: 'call',
  type: TYPES.text,
  name: 'session time zone',
  operator: false,
  arguments: [],
  strict: false,
  volatility: 'stable',
  evaluate: (context) => (context as EvaluationContext).text.timeZone,
};

function operatorOf({ name, arguments: args, type }: CallScalar): AnalyticOperation | null {
  const [a, b] = args.map((each) => each.type);
  if (a === undefined) return null;
  if (b === undefined) return name === '-' && isExact(a) ? 'negate' : null;
  if (Object.hasOwn(COMPARISONS, name)) return isComparable(a, b) ? (COMPARISONS[name] ?? null) : null;
  if (a.kind === 'date' || b.kind === 'date') return dateOperatorOf(name, a, b);
  if (Object.hasOwn(ARITHMETIC, name)) return isSameExact(a, b) && isExact(type) ? (ARITHMETIC[name] ?? null) : null;
  if (Object.hasOwn(INTEGER_ONLY, name)) return areIntegers(a, b) ? (INTEGER_ONLY[name] ?? null) : null;
  return Object.hasOwn(ON_TEXT, name) && TEXTS.has(a.kind) && TEXTS.has(b.kind) ? (ON_TEXT[name] ?? null) : null;
}

/** Days before and after a date. */
function dateOperatorOf(name: string, a: SqlType, b: SqlType): AnalyticOperation | null {
  if (a.kind !== 'date') return null;
  if (name === '+' && INTEGERS.has(b.kind)) return 'add-days';
  if (name !== '-') return null;
  if (INTEGERS.has(b.kind)) return 'subtract-days';
  return b.kind === 'date' ? 'days-between' : null;
}

function functionOf({ name, arguments: args, type }: CallScalar): AnalyticOperation | null {
  const [a, b] = args;
  if (a === undefined) return null;
  switch (name) {
    case 'cast':
      return castIsExact(a.type, type) ? 'cast' : null;
    case 'length':
      return args.length === 1 && (a.type.kind === 'text' || a.type.kind === 'varchar') ? 'length' : null;
    case 'in':
      return INTEGERS.has(a.type.kind) || TEXTS.has(a.type.kind) || a.type.kind === 'uuid' ? 'in' : null;
    case 'is distinct from':
      return b !== undefined && isComparable(a.type, b.type) ? 'distinct' : null;
    case 'is not distinct from':
      return b !== undefined && isComparable(a.type, b.type) ? 'not-distinct' : null;
    case 'substring':
    case 'substr':
      return a.type.kind === 'text' && b?.type.kind === 'integer' ? 'substring' : null;
    case 'left':
    case 'right':
      return a.type.kind === 'text' ? name : null;
    case 'abs':
      return isExact(a.type) ? 'absolute' : null;
    default:
      return null;
  }
}

/** EXTRACT, date_part and date_trunc of one of the fields that DuckDB counts alike. */
function fieldOf({ name, arguments: args }: CallScalar): AnalyticOperation | null {
  const [field, moment] = args;
  if (field?.kind !== 'constant' || moment === undefined || args.length > 2) return null;
  const { kind } = moment.type;
  const word = String(field.value).toLowerCase();
  const hasClock = kind === 'timestamp' || kind === 'timestamptz';
  if (name === 'date_trunc') return hasClock && Object.hasOwn(STEPS, word) ? (STEPS[word] ?? null) : null;
  if ((name !== 'extract' && name !== 'date_part') || (kind !== 'date' && !hasClock)) return null;
  if (Object.hasOwn(FIELDS, word)) return FIELDS[word] ?? null;
  return hasClock && Object.hasOwn(CLOCK_FIELDS, word) ? (CLOCK_FIELDS[word] ?? null) : null;
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

/** Casts that lose nothing but the time of a day. */
function castIsExact(from: SqlType, to: SqlType): boolean {
  if (INTEGERS.has(from.kind)) return INTEGERS.has(to.kind) || to.kind === 'double' || isFreeNumeric(to);
  if (TEXTS.has(from.kind)) return to.kind === 'text' || (to.kind === 'varchar' && to.length === null);
  if (from.kind === 'numeric') return isFreeNumeric(to);
  if (from.kind === 'real') return to.kind === 'double';
  if (from.kind === 'timestamp' || from.kind === 'timestamptz') return to.kind === 'date';
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
      return isExact(argument) || kind === 'double' || kind === 'real' ? 'average' : null;
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
