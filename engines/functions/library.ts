import type {
  AggregateFunction,
  OperatorDefinition,
  ScalarFunction,
  TableFunction,
  WindowFunction,
} from './definition.js';

/** What the binder resolves calls against. Names and symbols are exact (already folded); an unknown one has no candidates. */
export interface FunctionLibrary {
  scalar(name: string): readonly ScalarFunction[];
  /** Prefix and infix forms of a symbol together. `!=` is `<>`. */
  operator(symbol: string): readonly OperatorDefinition[];
  aggregate(name: string): readonly AggregateFunction[];
  window(name: string): readonly WindowFunction[];
  table(name: string): readonly TableFunction[];
}

/** What a library is made of. */
export interface LibraryParts {
  readonly scalars: readonly ScalarFunction[];
  readonly operators: readonly OperatorDefinition[];
  readonly aggregates: readonly AggregateFunction[];
  readonly windows: readonly WindowFunction[];
  readonly tables: readonly TableFunction[];
}

/** A library with one map look-up a question. */
export function createLibrary(parts: LibraryParts): FunctionLibrary {
  const scalars = byName(parts.scalars, (f) => f.name);
  const operators = byName(parts.operators, (o) => o.symbol);
  const aggregates = byName(parts.aggregates, (f) => f.name);
  const windows = byName(parts.windows, (f) => f.name);
  const tables = byName(parts.tables, (f) => f.name);
  return {
    scalar: (name) => scalars.get(name) ?? [],
    operator: (symbol) => operators.get(symbol === '!=' ? '<>' : symbol) ?? [],
    aggregate: (name) => aggregates.get(name) ?? [],
    window: (name) => windows.get(name) ?? [],
    table: (name) => tables.get(name) ?? [],
  };
}

function byName<T>(items: readonly T[], nameOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const map = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    const list = map.get(name);
    if (list === undefined) map.set(name, [item]);
    else list.push(item);
  }
  return map;
}
