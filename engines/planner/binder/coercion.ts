import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { type CastMethod, castFunction, castMethod } from '#schemas/values/cast.js';
import { fitToType, hasModifiers } from '#schemas/values/coerce.js';
import { DEFAULT_TEXT_CONTEXT, textParser } from '#schemas/values/text-form.js';
import type { SqlType, TypeKind } from '#schemas/values/type.js';
import { printTypeKind, sameKind, sameType, TYPES } from '#schemas/values/type-name.js';
import { type CallScalar, contextCast, type Scalar } from '../../vm/scalar.js';
import type { ParameterTypes } from './parameters.js';

/** Types whose text says the same in every session, so that a literal can be read once, when the statement is bound. */
const CONTEXT_FREE: ReadonlySet<TypeKind> = new Set<TypeKind>([
  'boolean',
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'real',
  'double',
  'text',
  'varchar',
  'char',
  'name',
  'bytea',
  'uuid',
  'json',
  'jsonb',
  'interval',
  'oid',
  'internalchar',
]);

type Constant = Extract<Scalar, { kind: 'constant' }>;

const REG_TYPES: ReadonlySet<TypeKind> = new Set<TypeKind>(['regclass', 'regtype', 'regproc']);

/** Resolves names to oids and back for regclass and its like; the catalog does it. */
export interface RegistryCasts {
  fromText(kind: TypeKind): CallScalar['evaluate'];
  toText(kind: TypeKind): CallScalar['evaluate'];
}

const RANK: Readonly<Record<CastMethod, number>> = { implicit: 0, assignment: 1, explicit: 2 };

/** May `from` become `to` in a context that allows `method`? */
export function canCoerce(from: SqlType, to: SqlType, method: CastMethod): boolean {
  const needed = castMethod(from, to);
  return needed !== null && RANK[needed] <= RANK[method];
}

/** Casts between types by the values' own functions, literals at once. */
export class Coercion {
  readonly #parameters: ParameterTypes;
  readonly #registry: RegistryCasts;

  constructor(parameters: ParameterTypes, registry: RegistryCasts) {
    this.#parameters = parameters;
    this.#registry = registry;
  }

  /** `scalar` as `to`, or null when the context does not allow it. Untyped literals and parameters take the type. */
  to(scalar: Scalar, to: SqlType, method: CastMethod): Scalar | null {
    if (scalar.kind === 'parameter' && scalar.type.kind === 'unknown')
      return this.#typedParameter(scalar, to, method === 'explicit');
    if (scalar.kind === 'constant' && (scalar.type.kind === 'unknown' || scalar.value === null)) {
      if (scalar.type.kind !== 'unknown' && !canCoerce(scalar.type, to, method)) return null;
      return this.#literal(scalar, to, method === 'explicit');
    }
    if (isVector(scalar.type) && to.kind === 'array') return this.to(asArray(scalar), to, method);
    if (sameType(scalar.type, to)) return scalar;
    if (sameKind(scalar.type, to) && !hasModifiers(to)) return scalar;
    if (!canCoerce(scalar.type, to, method)) return null;
    return this.#cast(scalar, to, method === 'explicit');
  }

  /** As `to`, for assignment to a column. Throws 42804 as PostgreSQL words it. */
  assign(scalar: Scalar, to: SqlType, column: string, token: number): Scalar {
    const coerced = this.to(scalar, to, 'assignment');
    if (coerced !== null) return coerced;
    throw new SqlError(
      'datatype_mismatch',
      `column "${column}" is of type ${printTypeKind(to)} but expression is of type ${printTypeKind(scalar.type)}`,
      {
        hint: 'You will need to rewrite or cast the expression.',
        token,
      },
    );
  }

  /** CAST. Throws 42846. */
  explicit(scalar: Scalar, to: SqlType, token: number): Scalar {
    const coerced = this.to(scalar, to, 'explicit');
    if (coerced !== null) return coerced;
    throw new SqlError('cannot_coerce', `cannot cast type ${printTypeKind(scalar.type)} to ${printTypeKind(to)}`, {
      token,
    });
  }

  /** Implicit. Throws 42804 naming what wanted the type. */
  require(scalar: Scalar, to: SqlType, what: string, token: number): Scalar {
    const coerced = this.to(scalar, to, 'implicit');
    if (coerced !== null) return coerced;
    throw new SqlError(
      'datatype_mismatch',
      `${what} must be type ${printTypeKind(to)}, not type ${printTypeKind(scalar.type)}`,
      { token },
    );
  }

  /** A literal that nothing gave a type is text. */
  settle(scalar: Scalar): Scalar {
    return scalar.type.kind === 'unknown' ? (this.to(scalar, TYPES.text, 'implicit') ?? scalar) : scalar;
  }

  #typedParameter(scalar: Extract<Scalar, { kind: 'parameter' }>, to: SqlType, explicit: boolean): Scalar {
    // The client sends the bare type; modifiers are applied here.
    const bare = bareType(to);
    const type = this.#parameters.assign(scalar.index, bare);
    const typed: Scalar = { ...scalar, type };
    if (!sameKind(type, to)) return canCoerce(type, to, 'assignment') ? this.#cast(typed, to, explicit) : typed;
    return hasModifiers(to) ? this.#cast(typed, to, explicit) : typed;
  }

  #literal({ value, token = -1 }: Constant, to: SqlType, explicit: boolean): Scalar {
    if (value === null) return { kind: 'constant', type: to, value: null };
    const free = to.kind === 'array' ? CONTEXT_FREE.has(to.element.kind) : CONTEXT_FREE.has(to.kind);
    if (free) {
      const read = located(textParser(to, DEFAULT_TEXT_CONTEXT), token)(value as string);
      return { kind: 'constant', type: to, value: fitToType(to, read, explicit) };
    }
    return this.#cast({ kind: 'constant', type: TYPES.text, value, token }, to, explicit);
  }

  #cast(scalar: Scalar, to: SqlType, explicit: boolean): Scalar {
    const from = scalar.type;
    const call = (volatility: CallScalar['volatility'], evaluate: CallScalar['evaluate']): Scalar => ({
      kind: 'call',
      type: to,
      name: 'cast',
      operator: false,
      arguments: [scalar],
      strict: true,
      volatility,
      evaluate,
    });
    if (REG_TYPES.has(to.kind) && isString(from)) return call('stable', this.#registry.fromText(to.kind));
    if (REG_TYPES.has(from.kind) && isString(to)) return call('stable', this.#registry.toText(from.kind));
    return call(
      timeZoneMatters(from, to) ? 'stable' : 'immutable',
      contextCast((context) => {
        const convert = castFunction(from, to, explicit, context);
        return scalar.kind === 'constant' && scalar.token !== undefined ? located(convert, scalar.token) : convert;
      }),
    );
  }
}

/** What is wrong with a literal stands at the literal. */
function located<A, B>(convert: (value: A) => B, token: number): (value: A) => B {
  return (value) => {
    try {
      return convert(value);
    } catch (error) {
      throw error instanceof SqlError && token >= 0 ? error.at(token) : error;
    }
  };
}

function isVector(type: SqlType): boolean {
  return type.kind === 'array' && type.vector === true;
}

/** An int2vector as the array that it is. */
function asArray(scalar: Scalar): Scalar {
  const { type } = scalar;
  return type.kind === 'array' ? { ...scalar, type: { kind: 'array', element: type.element } } : scalar;
}

function isString(type: SqlType): boolean {
  return (
    type.kind === 'text' ||
    type.kind === 'varchar' ||
    type.kind === 'char' ||
    type.kind === 'name' ||
    type.kind === 'unknown'
  );
}

const TIMES: ReadonlySet<TypeKind> = new Set<TypeKind>([
  'date',
  'time',
  'timetz',
  'timestamp',
  'timestamptz',
  'interval',
]);

function timeZoneMatters(from: SqlType, to: SqlType): boolean {
  return (
    TIMES.has(from.kind) ||
    TIMES.has(to.kind) ||
    from.kind === 'double' ||
    from.kind === 'real' ||
    from.kind === 'array' ||
    to.kind === 'array'
  );
}

function bareType(type: SqlType): SqlType {
  if (type.kind === 'varchar') return TYPES.varchar;
  if (type.kind === 'char') return { kind: 'char', length: 0 };
  if (type.kind === 'array') return { kind: 'array', element: bareType(type.element) };
  return type.kind === 'numeric' ? TYPES.numeric : type;
}
