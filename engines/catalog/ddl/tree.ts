import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Expression } from '#schemas/program/expression.js';
import type { Query } from '#schemas/program/query.js';
import { TYPES } from '#schemas/values/type-name.js';

/** Walks over program trees. Nodes are plain objects and arrays; values in them (Numeric, Interval, bytes) are of classes and are left alone. */

type Node = { readonly [field: string]: unknown };

function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' &&
    value !== null &&
    (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)
  );
}

/** Calls `visit` for every node of a tree, parents first. */
export function walk(tree: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(tree)) {
    for (const item of tree) walk(item, visit);
  } else if (isNode(tree)) {
    visit(tree);
    for (const field of Object.values(tree)) walk(field, visit);
  }
}

/** The tree with nodes replaced, children first. */
function rewrite<T>(tree: T, change: (node: Node) => Node): T {
  return rewritten(tree, change) as T;
}

function rewritten(tree: unknown, change: (node: Node) => Node): unknown {
  if (Array.isArray(tree)) return tree.map((item) => rewritten(item, change));
  if (!isNode(tree)) return tree;
  const copy = Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, rewritten(value, change)]));
  return change(copy);
}

/** Names of the columns in an expression, each once, in the order they stand. */
export function columnsIn(expression: Expression): string[] {
  const names = new Set<string>();
  walk(expression, (node) => {
    if (node['kind'] === 'column') names.add((node['path'] as readonly string[]).at(-1) as string);
  });
  return [...names];
}

export function renameColumn(expression: Expression, from: string, to: string): Expression {
  return rewrite(expression, (node) => {
    const path = node['path'] as readonly string[];
    return node['kind'] === 'column' && path.at(-1) === from ? { ...node, path: [...path.slice(0, -1), to] } : node;
  });
}

/** nextval of a sequence by its number: holds however the sequence is renamed. */
export function nextvalOf(sequence: ObjectId): Expression {
  const argument: Expression = { kind: 'constant', type: TYPES.regclass, value: sequence, token: -1 };
  return {
    kind: 'call',
    name: ['nextval'],
    arguments: [argument],
    star: false,
    distinct: false,
    orderBy: [],
    filter: null,
    over: null,
    token: -1,
  };
}

const SEQUENCE_CALLS: ReadonlySet<unknown> = new Set(['nextval', 'currval', 'setval']);

/** Text that names a sequence in nextval and its like becomes the sequence's number. */
export function bindSequences(expression: Expression, find: (name: string) => ObjectId | null): Expression {
  return rewrite(expression, (node) => {
    if (node['kind'] !== 'call' || !SEQUENCE_CALLS.has((node['name'] as readonly string[]).at(-1))) return node;
    const [first, ...rest] = node['arguments'] as readonly Expression[];
    const constant = first?.kind === 'cast' ? first.operand : first;
    if (constant?.kind !== 'constant' || typeof constant.value !== 'string') return node;
    const id = find(constant.value);
    if (id === null) return node;
    return {
      ...node,
      arguments: [{ kind: 'constant', type: TYPES.regclass, value: id, token: constant.token }, ...rest],
    };
  });
}

/** Numbers of the sequences that an expression takes values from. */
export function sequencesIn(expression: Expression): number[] {
  const found: number[] = [];
  walk(expression, (node) => {
    const type = node['type'] as { readonly kind?: string } | undefined;
    if (node['kind'] === 'constant' && type?.kind === 'regclass' && typeof node['value'] === 'number')
      found.push(node['value']);
  });
  return found;
}

/** The query with every table by its schema and name; `resolve` answers the full path, or null to leave a name (a common table). */
export function qualifyTables(
  query: Query,
  resolve: (path: readonly string[], token: number) => readonly string[] | null,
): Query {
  const common = new Set<string>();
  walk(query, (node) => {
    if (Array.isArray(node['with']))
      for (const table of node['with'] as ReadonlyArray<{ readonly name: string }>) common.add(table.name);
  });
  return rewrite(query, (node) => {
    if (node['kind'] !== 'table' || !Array.isArray(node['path'])) return node;
    const path = node['path'] as readonly string[];
    if (path.length === 1 && common.has(path[0] as string)) return node;
    const full = resolve(path, node['token'] as number);
    return full === null ? node : { ...node, path: full };
  });
}

/** The query with one table's path replaced; columns that name the table by its old name find it under an alias. */
export function renameTable(query: Query, from: readonly [string, string], to: readonly [string, string]): Query {
  return rewrite(query, (node) => {
    const path = node['path'] as readonly string[];
    if (node['kind'] !== 'table' || !Array.isArray(path) || path[0] !== from[0] || path[1] !== from[1]) return node;
    return { ...node, path: to, alias: node['alias'] ?? { name: from[1], columns: [] } };
  });
}
