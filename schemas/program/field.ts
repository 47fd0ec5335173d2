import type { SqlType } from '../values/type.js';
import type { Value } from '../values/value.js';

/**
 * How one field of a tree node stands in the instruction stream. Child nodes are popped from the stack; everything else is an
 * immediate behind the opcode:
 *
 *   token     varint of ordinal + 1 (0 = nowhere)
 *   integer   a byte for the sign, then a varint
 *   flag      one byte, 0 or 1
 *   string    varint, index in the constant pool
 *   value     varint, index in the constant pool
 *   scalar    as value; only string, number, boolean or null
 *   type      a SQL type (see constant-pool.ts)
 *   choice    one byte, index in `choices`
 *   optional  one byte, 0 = null; otherwise the inner field
 *   list      varint count, then that many inner fields
 *   record    its fields in order
 *   node      nothing: popped
 */
export type Form =
  | { readonly form: 'token' | 'integer' | 'flag' | 'string' | 'value' | 'scalar' | 'type' }
  | { readonly form: 'choice'; readonly choices: readonly string[] }
  | { readonly form: 'optional' | 'list'; readonly inner: Form }
  | { readonly form: 'record'; readonly fields: ReadonlyArray<readonly [name: string, form: Form]> }
  | { readonly form: 'node'; readonly sort: Sort; readonly kinds: ReadonlySet<string> | null };

/** What an instruction may push; the verifier lets an instruction pop nothing else than the sort that its field names. */
export type Sort =
  | 'expression'
  | 'order-item'
  | 'window'
  | 'frame-bound'
  | 'query'
  | 'common-table'
  | 'query-body'
  | 'distinct'
  | 'select-item'
  | 'group-item'
  | 'from-item'
  | 'join-condition'
  | 'statement'
  | 'assignment'
  | 'conflict-target'
  | 'constraint'
  | 'alter-table-action';

/** A form that carries the TypeScript type of its field, so that the compiler holds the instruction table and the tree types equal. */
export interface Field<T> {
  readonly form: Form;
  /** Never set: makes the type parameter invariant. */
  readonly carries?: (value: T) => T;
}

/** The layout of one node: every field but `kind`, in the order of the instruction's immediates. */
export type Layout<T> = { readonly [P in Exclude<keyof T, 'kind'>]: Field<T[P]> };

type OfKind<T, K> = T extends { readonly kind: infer X } ? (K extends X ? T : never) : never;

/** Opcode and layout of every kind of a tagged union. */
export type NodeTable<T extends { readonly kind: string }> = {
  readonly [K in T['kind']]: readonly [opcode: number, layout: Layout<OfKind<T, K>>];
};

export const token: Field<number> = { form: { form: 'token' } };
export const integer: Field<number> = { form: { form: 'integer' } };
export const flag: Field<boolean> = { form: { form: 'flag' } };
export const string: Field<string> = { form: { form: 'string' } };
export const value: Field<Value> = { form: { form: 'value' } };
export const scalar: Field<string | number | boolean | null> = { form: { form: 'scalar' } };
export const sqlType: Field<SqlType> = { form: { form: 'type' } };

/** One of a fixed set of words. New words are added at the end: their index is what is stored. */
export function choice<const T extends string>(...choices: readonly T[]): Field<T> {
  return { form: { form: 'choice', choices } };
}

/** `inner` or null. */
export function optional<T>(inner: Field<T>): Field<T | null> {
  return { form: { form: 'optional', inner: inner.form } };
}

/** Any number of `inner`. */
export function list<T>(inner: Field<T>): Field<readonly T[]> {
  return { form: { form: 'list', inner: inner.form } };
}

/** A part of a node that is not an instruction of its own. */
export function record<T>(fields: { readonly [P in keyof T]: Field<T[P]> }): Field<T> {
  return { form: { form: 'record', fields: fieldsOf(fields) } };
}

/** A child of `sort`, of these kinds only if any are given. */
export function node<T>(sort: Sort, kinds: readonly string[] | null = null): Field<T> {
  return { form: { form: 'node', sort, kinds: kinds === null ? null : new Set(kinds) } };
}

/** Names and forms of a layout in its order. */
export function fieldsOf(layout: object): ReadonlyArray<readonly [name: string, form: Form]> {
  return Object.entries(layout).map(([name, field]: [string, Field<unknown>]) => [name, field.form] as const);
}
