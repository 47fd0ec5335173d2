import type { SqlType, TypeKind } from '#schemas/values/type.js';
import { arrayOf, sameKind, TYPES } from '#schemas/values/type-name.js';
import type { TypePattern } from '../../functions/definition.js';
import { canCoerce } from './coercion.js';

/** A function or operator that might be meant. */
export interface Candidate {
  readonly patterns: readonly TypePattern[];
  readonly variadic: boolean;
  readonly result: TypePattern | ((arguments_: readonly SqlType[]) => SqlType);
}

export interface Resolution<T extends Candidate> {
  readonly candidate: T;
  /** What each argument has to be coerced to. */
  readonly types: readonly SqlType[];
  readonly result: SqlType;
}

type Category = 'B' | 'N' | 'S' | 'D' | 'T' | 'A' | 'U';

const CATEGORY: Readonly<Partial<Record<TypeKind, Category>>> = {
  boolean: 'B',
  smallint: 'N',
  integer: 'N',
  bigint: 'N',
  numeric: 'N',
  real: 'N',
  double: 'N',
  oid: 'N',
  regclass: 'N',
  regtype: 'N',
  regproc: 'N',
  text: 'S',
  varchar: 'S',
  char: 'S',
  name: 'S',
  date: 'D',
  time: 'D',
  timetz: 'D',
  timestamp: 'D',
  timestamptz: 'D',
  interval: 'T',
  array: 'A',
};

/** Preferred types of their categories (pg_type.typispreferred). */
const PREFERRED: ReadonlySet<TypeKind> = new Set<TypeKind>([
  'boolean',
  'double',
  'oid',
  'text',
  'timestamptz',
  'interval',
]);

function categoryOf(kind: TypeKind): Category {
  return CATEGORY[kind] ?? 'U';
}

/** The patterns for `count` arguments, the variadic one repeated; null when the count does not fit. */
function patternsFor(candidate: Candidate, count: number): readonly TypePattern[] | null {
  const { patterns, variadic } = candidate;
  if (!variadic) return patterns.length === count ? patterns : null;
  if (count < patterns.length) return count === patterns.length - 1 ? patterns.slice(0, -1) : null;
  const last = patterns.at(-1) as TypePattern;
  return [...patterns, ...Array.from({ length: count - patterns.length }, () => last)];
}

/** A pattern as a concrete type; null for a polymorphic one. */
function concrete(pattern: TypePattern): SqlType | null {
  if (typeof pattern === 'object') return arrayOf(simple(pattern.arrayOf));
  if (pattern === 'any' || pattern === 'anyelement' || pattern === 'anyarray') return null;
  return simple(pattern);
}

function simple(kind: TypeKind): SqlType {
  if (kind === 'array') return arrayOf(TYPES.text);
  return TYPES[kind];
}

/** PostgreSQL's rules for finding the function that is meant (its chapter 10.2 and 10.3), after exact matches failed: fewest conversions, preferred types, categories. */
export function resolve<T extends Candidate>(
  candidates: readonly T[],
  arguments_: readonly SqlType[],
  binaryOperator: boolean,
): Resolution<T> | 'none' | 'ambiguous' {
  const fitting: Array<{ candidate: T; patterns: readonly TypePattern[] }> = [];
  for (const candidate of candidates) {
    const patterns = patternsFor(candidate, arguments_.length);
    if (patterns !== null) fitting.push({ candidate, patterns });
  }
  // One side unknown: it is assumed to be what the other side is.
  const assumed = binaryOperator && arguments_.length === 2 ? assumeSame(arguments_) : arguments_;
  for (const { candidate, patterns } of fitting)
    if (patterns.every((p, i) => exact(p, assumed[i] as SqlType))) return finish(candidate, patterns, assumed);
  let left = fitting.filter(
    ({ patterns }) =>
      patterns.every((p, i) => acceptable(p, arguments_[i] as SqlType)) && polymorphsAgree(patterns, arguments_),
  );
  if (left.length === 0) return 'none';
  left = best(left, ({ patterns }) => patterns.filter((p, i) => exact(p, arguments_[i] as SqlType)).length);
  left = best(
    left,
    ({ patterns }) =>
      patterns.filter((p, i) => exact(p, arguments_[i] as SqlType) || isPreferredFor(p, arguments_[i] as SqlType))
        .length,
  );
  if (left.length > 1) left = byUnknownCategories(left, arguments_);
  if (left.length > 1) {
    const known = arguments_.filter((t) => t.kind !== 'unknown');
    if (known.length > 0 && known.length < arguments_.length && known.every((t) => sameKind(t, known[0] as SqlType))) {
      const same = left.filter(({ patterns }) => patterns.every((p) => acceptable(p, known[0] as SqlType)));
      if (same.length === 1) left = same;
    }
  }
  const only = left[0];
  if (only === undefined) return 'none';
  return left.length > 1 ? 'ambiguous' : finish(only.candidate, only.patterns, arguments_);
}

function assumeSame(arguments_: readonly SqlType[]): readonly SqlType[] {
  const [a, b] = arguments_ as [SqlType, SqlType];
  if (a.kind === 'unknown' && b.kind !== 'unknown') return [b, b];
  return b.kind === 'unknown' && a.kind !== 'unknown' ? [a, a] : arguments_;
}

function exact(pattern: TypePattern, type: SqlType): boolean {
  if (typeof pattern === 'object') return type.kind === 'array' && type.element.kind === pattern.arrayOf;
  return pattern === type.kind;
}

function acceptable(pattern: TypePattern, type: SqlType): boolean {
  if (pattern === 'any' || pattern === 'anyelement') return true;
  if (pattern === 'anyarray') return type.kind === 'array' || type.kind === 'unknown';
  const target = concrete(pattern) as SqlType;
  return type.kind === 'unknown' || sameKind(type, target) || canCoerce(type, target, 'implicit');
}

/** anyelement and anyarray must come out as one element type. */
function polymorphsAgree(patterns: readonly TypePattern[], arguments_: readonly SqlType[]): boolean {
  let element: SqlType | null = null;
  for (let i = 0; i < patterns.length; i++) {
    const type = arguments_[i] as SqlType;
    const found =
      patterns[i] === 'anyelement' ? type : patterns[i] === 'anyarray' && type.kind === 'array' ? type.element : null;
    if (found === null || found.kind === 'unknown') continue;
    if (
      element !== null &&
      !sameKind(element, found) &&
      !canCoerce(found, element, 'implicit') &&
      !canCoerce(element, found, 'implicit')
    )
      return false;
    element ??= found;
  }
  return true;
}

function isPreferredFor(pattern: TypePattern, type: SqlType): boolean {
  if (typeof pattern === 'object' || type.kind === 'unknown') return false;
  return PREFERRED.has(pattern as TypeKind) && categoryOf(pattern as TypeKind) === categoryOf(type.kind);
}

function best<T>(items: readonly T[], score: (item: T) => number): T[] {
  const most = Math.max(...items.map(score));
  return items.filter((item) => score(item) === most);
}

/** For untyped arguments: strings if any candidate takes them, else the one category all share; within it the preferred type. */
function byUnknownCategories<E extends { readonly patterns: readonly TypePattern[] }>(
  items: readonly E[],
  arguments_: readonly SqlType[],
): E[] {
  let left = [...items];
  arguments_.forEach((type, i) => {
    if (type.kind !== 'unknown' || left.length < 2) return;
    const category = (p: TypePattern | undefined): Category =>
      typeof p === 'object' || p === 'anyarray' ? 'A' : categoryOf(p as TypeKind);
    const strings = left.filter(({ patterns }) => category(patterns[i]) === 'S');
    const chosen =
      strings.length > 0
        ? strings
        : left.every(({ patterns }) => category(patterns[i]) === category(left[0]?.patterns[i]))
          ? left
          : null;
    if (chosen === null) return;
    const preferred = chosen.filter(({ patterns }) => PREFERRED.has(patterns[i] as TypeKind));
    left = preferred.length > 0 ? preferred : chosen;
  });
  return left;
}

function finish<T extends Candidate>(
  candidate: T,
  patterns: readonly TypePattern[],
  arguments_: readonly SqlType[],
): Resolution<T> {
  let element: SqlType | null = null;
  for (let i = 0; i < patterns.length; i++) {
    const type = arguments_[i] as SqlType;
    const found =
      patterns[i] === 'anyelement' ? type : patterns[i] === 'anyarray' && type.kind === 'array' ? type.element : null;
    if (found === null || found.kind === 'unknown') continue;
    element =
      element === null || (!sameKind(element, found) && canCoerce(element, found, 'implicit')) ? found : element;
  }
  const polymorph = element ?? TYPES.text;
  const types = patterns.map((pattern, i) => {
    if (pattern === 'any') return arguments_[i]?.kind === 'unknown' ? TYPES.text : (arguments_[i] as SqlType);
    if (pattern === 'anyelement') return polymorph;
    if (pattern === 'anyarray') return arrayOf(polymorph);
    const target = concrete(pattern) as SqlType;
    // Modifiers of an argument do not matter to a function, and it keeps them.
    return sameKind(target, arguments_[i] as SqlType) ? (arguments_[i] as SqlType) : target;
  });
  return { candidate, types, result: resultType(candidate.result, types, polymorph) };
}

function resultType(result: Candidate['result'], types: readonly SqlType[], polymorph: SqlType): SqlType {
  if (typeof result === 'function') return result(types);
  if (result === 'anyelement' || result === 'any') return polymorph;
  if (result === 'anyarray') return arrayOf(polymorph);
  return concrete(result) as SqlType;
}

/** The common type of CASE branches, UNION columns, VALUES, ARRAY and their like (chapter 10.5); null when there is none. */
export function commonType(types: readonly SqlType[]): SqlType | null {
  const known = types.filter((type) => type.kind !== 'unknown');
  const first = known[0];
  if (first === undefined) return TYPES.text;
  // An untyped literal has no modifiers to agree with.
  if (known.every((type) => sameTypeWithModifiers(type, first)))
    return known.length === types.length ? first : bare(first);
  let chosen = bare(first);
  for (const type of known.slice(1)) {
    if (sameKind(type, chosen)) continue;
    if (categoryOf(type.kind) !== categoryOf(chosen.kind)) return null;
    if (PREFERRED.has(chosen.kind)) continue;
    if (canCoerce(chosen, type, 'implicit') && !canCoerce(type, chosen, 'implicit')) chosen = bare(type);
  }
  return known.every((type) => sameKind(type, chosen) || canCoerce(type, chosen, 'implicit')) ? chosen : null;
}

function sameTypeWithModifiers(a: SqlType, b: SqlType): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Differing modifiers are dropped. */
function bare(type: SqlType): SqlType {
  if (type.kind === 'varchar') return TYPES.varchar;
  if (type.kind === 'char') return TYPES.char;
  return type.kind === 'numeric' ? TYPES.numeric : type;
}
