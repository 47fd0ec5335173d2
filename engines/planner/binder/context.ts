import type { ObjectId } from '#schemas/kernel/brand.js';
import type { TypeName } from '#schemas/program/expression.js';
import type { CommonTable } from '#schemas/program/query.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { arrayOf, typeByName } from '#schemas/values/type-name.js';
import type { Catalog, UserEntry } from '../../catalog/entry.js';
import type { FunctionLibrary } from '../../functions/library.js';
import type { ColumnId, Scalar } from '../../vm/scalar.js';
import type { ModifyPlan } from '../../vm/writes/modify.js';
import type { CteTable } from '../logical.js';
import { Coercion, type RegistryCasts } from './coercion.js';
import { ParameterTypes } from './parameters.js';

/** Columns of system catalogs that PostgreSQL gives the types int2vector and oidvector. */
const VECTORS: ReadonlySet<string> = new Set(['indkey', 'indoption', 'indclass', 'indcollation', 'proargtypes']);

/** What binding a statement needs of its surroundings, and what all of its parts share. */
export class BindContext {
  readonly catalog: Catalog;
  readonly database: ObjectId;
  #user: UserEntry;
  readonly searchPath: readonly string[];
  readonly library: FunctionLibrary;
  readonly parameters: ParameterTypes;
  readonly coercion: Coercion;
  /** Statements in WITH that write, in order: they run before the statement. */
  readonly withWrites: CteTable[] = [];
  /** Binds and plans one of them. */
  bindWrite: ((statement: WithWrite, ctes: CteScope) => BoundWrite) | null = null;
  #nextId = 0;

  /** The fields of columns that are composites. */
  readonly composites = new Map<ColumnId, ReadonlyArray<{ readonly name: string; readonly type: SqlType }>>();

  readonly #vectors = new Set<ColumnId>();

  constructor(options: {
    catalog: Catalog;
    database: ObjectId;
    user: UserEntry;
    searchPath: readonly string[];
    library: FunctionLibrary;
    registry: RegistryCasts;
    parameterTypes: ReadonlyArray<SqlType | null>;
  }) {
    this.catalog = options.catalog;
    this.database = options.database;
    this.#user = options.user;
    this.searchPath = options.searchPath;
    this.library = options.library;
    this.parameters = new ParameterTypes(options.parameterTypes);
    this.coercion = new Coercion(this.parameters, options.registry);
  }

  /** Whose privileges count. */
  get user(): UserEntry {
    return this.#user;
  }

  /** Binds with the privileges of another user: a view's owner. */
  as<T>(user: UserEntry, bind: () => T): T {
    const before = this.#user;
    this.#user = user;
    try {
      return bind();
    } finally {
      this.#user = before;
    }
  }

  /** Is it an array whose elements are counted from 0? */
  isVector(scalar: Scalar): boolean {
    return scalar.kind === 'column' && (VECTORS.has(scalar.name) || this.#vectors.has(scalar.id));
  }

  /** An id for an output; a column passed on by another name stays a composite or a vector. */
  outputFor(scalar: Scalar): ColumnId {
    const id = this.newId();
    if (scalar.kind !== 'column') return id;
    const fields = this.composites.get(scalar.id);
    if (fields !== undefined) this.composites.set(id, fields);
    if (this.isVector(scalar)) this.#vectors.add(id);
    return id;
  }

  newId(): ColumnId {
    return this.#nextId++;
  }

  newIds(count: number): ColumnId[] {
    return Array.from({ length: count }, () => this.newId());
  }
}

export type WithWrite = Exclude<CommonTable['statement'], { kind: 'query' }>;

export interface BoundWrite {
  readonly modify: ModifyPlan;
  /** Of RETURNING; null without it. */
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: SqlType }> | null;
}

/** WITH queries in reach, innermost first. */
export class CteScope {
  readonly parent: CteScope | null;
  readonly #tables = new Map<string, CteTable>();

  constructor(parent: CteScope | null) {
    this.parent = parent;
  }

  add(table: CteTable): void {
    this.#tables.set(table.name, table);
  }

  find(name: string): CteTable | null {
    return this.#tables.get(name) ?? this.parent?.find(name) ?? null;
  }
}

const NUMERIC_PRECISION_MAX = 1_000;
const LENGTH_MAX = 10_485_760;

/** The type that a written name means. Throws 42704 for one that does not exist, 22023 for bad modifiers. */
export function bindTypeName({ name, modifiers, arrayDimensions, token }: TypeName): SqlType {
  const last = name.at(-1) as string;
  const base = name.length > 1 && name[0] !== 'pg_catalog' ? null : typeByName(last);
  if (base === null) throw new SqlError('undefined_object', `type "${name.join('.')}" does not exist`, { token });
  let type = withModifiers(base, modifiers, token);
  for (let i = 0; i < Math.min(arrayDimensions, 1); i++) type = arrayOf(type);
  return type;
}

function withModifiers(type: SqlType, modifiers: readonly number[], token: number): SqlType {
  const [first, second] = modifiers;
  switch (type.kind) {
    case 'numeric':
      if (first === undefined) return type;
      if (first < 1 || first > NUMERIC_PRECISION_MAX) {
        throw new SqlError(
          'invalid_parameter_value',
          `NUMERIC precision ${first} must be between 1 and ${NUMERIC_PRECISION_MAX}`,
          { token },
        );
      }
      if ((second ?? 0) < -NUMERIC_PRECISION_MAX || (second ?? 0) > NUMERIC_PRECISION_MAX) {
        throw new SqlError(
          'invalid_parameter_value',
          `NUMERIC scale ${second} must be between -${NUMERIC_PRECISION_MAX} and ${NUMERIC_PRECISION_MAX}`,
          { token },
        );
      }
      return { kind: 'numeric', precision: first, scale: second ?? 0 };
    case 'varchar':
    case 'char': {
      if (first === undefined) return type;
      const shown = type.kind === 'char' ? 'char' : 'varchar';
      if (first < 1)
        throw new SqlError('invalid_parameter_value', `length for type ${shown} must be at least 1`, { token });
      if (first > LENGTH_MAX)
        throw new SqlError('invalid_parameter_value', `length for type ${shown} cannot exceed ${LENGTH_MAX}`, {
          token,
        });
      return { kind: type.kind, length: first };
    }
    case 'interval':
      // Modifiers are a mask of fields, which the dialect has already worked into the text, and perhaps a precision.
      if ((second ?? 6) >= 6) return type;
      throw new SqlError('feature_not_supported', 'a precision below 6 for type interval is not supported', { token });
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'timetz':
      // Values keep microseconds; a lower precision would need rounding that is not done yet, so only the full one is taken.
      if (first === undefined || first >= 6) return type;
      throw new SqlError('feature_not_supported', `a precision below 6 for type ${type.kind} is not supported`, {
        token,
      });
    default:
      if (modifiers.length > 0)
        throw new SqlError('syntax_error', `type modifier is not allowed for type "${type.kind}"`, { token });
      return type;
  }
}
