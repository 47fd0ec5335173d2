import type { ObjectPath } from '#schemas/program/statement.js';
import type { Parser } from './parser.js';

/** ONLY name, ONLY (name), name or name *: tables without heirs are the same with and without ONLY. */
export function parseRelation(p: Parser): { readonly table: ObjectPath; readonly only: boolean } {
  const only = p.accept('only');
  const inParentheses = only && p.acceptSymbol('(');
  const table = p.objectPath();
  if (inParentheses) p.expectSymbol(')');
  if (!only) p.acceptOperator('*');
  return { table, only };
}

/** One or more of them. */
export function parseRelations(p: Parser): ObjectPath[] {
  return p.commaList(() => parseRelation(p).table);
}
