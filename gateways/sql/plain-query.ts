import type { FromItem, Query, QueryBody, SelectItem } from '#schemas/program/query.js';

/** A query with nothing around its body. */
export function plainQuery(body: QueryBody): Query {
  return { with: [], recursive: false, body, orderBy: [], limit: null, withTies: false, offset: null, locking: [] };
}

/** SELECT items FROM from. */
export function plainSelect(items: readonly SelectItem[], from: readonly FromItem[], token: number): QueryBody {
  return {
    kind: 'select',
    distinct: { kind: 'none' },
    items,
    from,
    where: null,
    groupBy: [],
    having: null,
    windows: [],
    token,
  };
}

/** A table in FROM without an alias. */
export function plainTable(path: readonly string[], only: boolean, token: number): FromItem {
  return { kind: 'table', path, only, alias: null, asOf: null, allVersions: false, token };
}
