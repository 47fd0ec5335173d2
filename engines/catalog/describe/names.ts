import type { ObjectId } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { LISTED_TYPES, oidOf, typeOfOid } from '#schemas/values/oids.js';
import type { SqlType } from '#schemas/values/type.js';
import { arrayOf, printType, typeByName } from '#schemas/values/type-name.js';
import { quoteIdentifier } from '../../functions/scalars/text.js';
import type { NamingContext } from '../ddl-contract.js';
import type { RelationEntry } from '../entry.js';
import { TYPE_FUNCTION_OIDS } from '../pg-catalog/type-functions.js';

/** Names of things in text: regclass, regtype and their like. */

/** The parts of a dotted, possibly quoted name, folded. Throws 42602 for text that is none. */
export function parsePath(text: string): string[] {
  const parts: string[] = [];
  const pattern = /\s*(?:"((?:[^"]|"")*)"|([^".\s]+))\s*(\.|$)/gy;
  for (;;) {
    const match = pattern.exec(text);
    if (match === null) throw new SqlError('invalid_name', 'invalid name syntax');
    parts.push(match[1] !== undefined ? match[1].replaceAll('""', '"') : (match[2] as string).toLowerCase());
    if (match[3] === '') return parts;
  }
}

export function findRelation(session: NamingContext, text: string): RelationEntry | null {
  return session.catalog.relation(session.database.id, parsePath(text), session.searchPath);
}

/** regclass input: a number, or a name that must exist. */
export function relationOid(session: NamingContext, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  if (text === '-') return 0;
  const entry = findRelation(session, text);
  if (entry === null) throw new SqlError('undefined_table', `relation "${text}" does not exist`);
  return entry.id;
}

export function isVisible(session: NamingContext, entry: RelationEntry): boolean {
  return session.catalog.relation(session.database.id, [entry.name], session.searchPath)?.id === entry.id;
}

/** A relation's name, qualified where it would not be found without. */
export function relationName(session: NamingContext, entry: RelationEntry): string {
  const name = quoteIdentifier(entry.name);
  return isVisible(session, entry) ? name : `${quoteIdentifier(entry.schema)}.${name}`;
}

export function qualifiedName(entry: RelationEntry): string {
  return `${quoteIdentifier(entry.schema)}.${quoteIdentifier(entry.name)}`;
}

/** regclass output. */
export function relationText(session: NamingContext, oid: number): string {
  if (oid === 0) return '-';
  const entry = session.catalog.relationById(oid as ObjectId);
  return entry === null ? String(oid) : relationName(session, entry);
}

const SPELLINGS: ReadonlyMap<string, SqlType> = new Map(LISTED_TYPES.map(({ type }) => [printType(type), type]));

/** A type by any of its names, modifiers and schema aside; null for none. */
export function typeNamed(text: string): SqlType | null {
  let name = text
    .trim()
    .toLowerCase()
    .replace(/^pg_catalog\./, '');
  let dimensions = 0;
  while (name.endsWith('[]')) {
    name = name.slice(0, -2).trim();
    dimensions++;
  }
  name = name
    .replace(/\s*\([^)]*\)/, '')
    .replaceAll('"', '')
    .replace(/\s+/g, ' ');
  const type = SPELLINGS.get(text.trim() === '"char"' ? '"char"' : name) ?? typeByName(name);
  if (type === null || type === undefined) return null;
  return dimensions > 0 ? arrayOf(type) : type;
}

export function typeOid(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  if (text === '-') return 0;
  const type = typeNamed(text);
  if (type === null) throw new SqlError('undefined_object', `type "${text}" does not exist`);
  return oidOf(type);
}

/** Types that catalogs name and that Polylog keeps as others. */
const FOREIGN_NAMES: ReadonlyMap<number, string> = new Map([
  [22, 'int2vector'],
  [27, 'tid'],
  [28, 'xid'],
  [29, 'cid'],
  [30, 'oidvector'],
  [194, 'pg_node_tree'],
  [1033, 'aclitem'],
  [1034, 'aclitem[]'],
  [2202, 'regprocedure'],
  [2276, '"any"'],
  [2277, 'anyarray'],
  [2279, 'trigger'],
  [2281, 'internal'],
  [2283, 'anyelement'],
  [4089, 'regnamespace'],
  [4096, 'regrole'],
]);

/** format_type(). */
export function formatType(oid: number, typmod: number | null): string {
  if (oid === 0) return '-';
  const foreign = FOREIGN_NAMES.get(oid);
  if (foreign !== undefined) return foreign;
  const type = typeOfOid(oid, typmod ?? -1);
  if (type === null) return '???';
  // A char without modifier is shown as bpchar when a modifier could have been given.
  if (type.kind === 'char' && type.length === 0 && typmod === -1) return 'bpchar';
  return printType(type);
}

/** Functions that catalogs refer to by number. */
const PROCEDURE_BY_NAME = TYPE_FUNCTION_OIDS;
const PROCEDURE_BY_OID = new Map([...TYPE_FUNCTION_OIDS].map(([name, oid]) => [oid, name]));

export function procedureOid(text: string): number | null {
  if (/^\d+$/.test(text)) return Number(text);
  if (text === '-') return 0;
  return PROCEDURE_BY_NAME.get(text.replace(/^pg_catalog\./, '')) ?? null;
}

export function procedureText(oid: number): string {
  return oid === 0 ? '-' : (PROCEDURE_BY_OID.get(oid) ?? String(oid));
}
