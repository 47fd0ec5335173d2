import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { BoundStatement } from '../link/statement-contexts.js';
import type { StatementText } from './execute-request.js';
import type { ParameterReaders } from './parameters.js';
import type { RowWriter } from './row-writer.js';
import type { Shape } from './statement-source.js';
import type { TextFormat } from './text-formats.js';

/** A statement that a client has prepared: by Parse, or by PREPARE. */
export interface ClientStatement {
  /** null = an empty text. */
  readonly text: StatementText | null;
  /** null until the engine has to be asked. */
  bound: BoundStatement | null;
  /** Of the last Bind; made again when the statement or the session's text format is another. */
  readers: ParameterReaders | null;
  readersOf: BoundStatement | null;
  /** Of the last portal. */
  writer: RowWriter | null;
  writerFormat: TextFormat | null;
  writerColumns: unknown;
  writerBinary: readonly boolean[];
}

export function clientStatement(text: StatementText | null, bound: BoundStatement | null): ClientStatement {
  return {
    text,
    bound,
    readers: null,
    readersOf: null,
    writer: null,
    writerFormat: null,
    writerColumns: null,
    writerBinary: [],
  };
}

const LITERAL_TYPES = { unknown: null, integer: TYPES.integer, bigint: TYPES.bigint, numeric: TYPES.numeric } as const;

interface Keyed {
  readonly key: string;
  readonly types: ReadonlyArray<SqlType | null>;
}

const LIFTED = new WeakMap<Shape, Keyed>();

/** A statement whose client has declared no types. */
export function undeclared(sql: string, shape: Shape): StatementText {
  let keyed = LIFTED.get(shape);
  if (keyed === undefined) {
    const types = Array.from({ length: shape.parameterCount }, () => null).concat();
    keyed = keyOf(shape, [...types, ...shape.lifted.map((l) => LITERAL_TYPES[l.type])]);
    LIFTED.set(shape, keyed);
  }
  return { sql, shape, key: keyed.key, types: keyed.types };
}

/** A statement with the types that its client has declared; missing ones are inferred. */
export function declared(sql: string, shape: Shape, types: ReadonlyArray<SqlType | null>): StatementText {
  if (types.every((t) => t === null)) return undeclared(sql, shape);
  const all = Array.from({ length: Math.max(shape.parameterCount, types.length) }, (_, i) => types[i] ?? null);
  const keyed = keyOf(shape, [...all, ...shape.lifted.map((l) => LITERAL_TYPES[l.type])]);
  return { sql, shape, key: keyed.key, types: keyed.types };
}

function keyOf(shape: Shape, types: ReadonlyArray<SqlType | null>): Keyed {
  const told = types.some((t) => t !== null);
  return { key: told ? `${shape.hash} ${JSON.stringify(types)}` : shape.hash, types };
}
