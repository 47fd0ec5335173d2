/** SQL types as every part of Polylog names them; dialects map their own names to these. */

/** A type with its modifiers. Lengths count characters, precisions decimal digits; null = not limited. */
export type SqlType =
  | { readonly kind: SimpleKind }
  | { readonly kind: 'numeric'; readonly precision: number | null; readonly scale: number | null }
  | { readonly kind: 'varchar'; readonly length: number | null }
  | { readonly kind: 'char'; readonly length: number }
  /** `vector`: PostgreSQL's int2vector and oidvector, in results of catalog tables only: another text form, another oid. */
  | { readonly kind: 'array'; readonly element: SqlType; readonly vector?: true };

/**
 * Types without modifiers. `unknown` is the type of an untyped literal or NULL until the binder gives it one;
 * `oid`, `name`, `regclass`, `regtype`, `internalchar` ("char") serve catalog views; `record` and `void` are results only.
 */
export type SimpleKind =
  | 'boolean'
  | 'smallint'
  | 'integer'
  | 'bigint'
  | 'real'
  | 'double'
  | 'text'
  | 'bytea'
  | 'date'
  | 'time'
  | 'timetz'
  | 'timestamp'
  | 'timestamptz'
  | 'interval'
  | 'uuid'
  | 'json'
  | 'jsonb'
  | 'oid'
  | 'name'
  | 'regclass'
  | 'regtype'
  | 'regproc'
  | 'internalchar'
  | 'unknown'
  | 'record'
  | 'void';

export type TypeKind = SqlType['kind'];
