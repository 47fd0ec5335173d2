import type { CommonTable, Query, QueryBody } from '#schemas/program/query.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { CteTable } from '../logical.js';
import { CteScope, type WithWrite } from './context.js';
import type { OutputColumn } from './output.js';
import { project } from './projection.js';
import type { QueryBinder } from './query.js';
import type { Scope } from './scope.js';

export function bindWith(
  binder: QueryBinder,
  tables: readonly CommonTable[],
  recursive: boolean,
  outer: Scope | null,
  parent: CteScope | null,
): CteScope {
  const scope = new CteScope(parent);
  for (const [i, table] of tables.entries()) {
    if (tables.slice(0, i).some((t) => t.name === table.name))
      throw new SqlError('duplicate_alias', `WITH query name "${table.name}" specified more than once`, {
        token: table.token,
      });
    if (table.statement.kind !== 'query') {
      writeInWith(binder, table, table.statement, outer, scope);
      continue;
    }
    const { query } = table.statement;
    if (recursive && mentions(query, table.name)) {
      bindRecursive(binder, table, query, recursiveBody(table, query), outer, scope);
    } else {
      const { plan, columns } = binder.bind(query, outer, scope);
      const materialized = table.materialized === true;
      scope.add({
        name: table.name,
        columns: cteColumns(table, columns),
        plan,
        ids: columns.map((c) => c.id),
        recursive: null,
        references: 0,
        materialized,
        write: null,
      });
    }
  }
  return scope;
}

function writeInWith(
  binder: QueryBinder,
  table: CommonTable,
  statement: WithWrite,
  outer: Scope | null,
  scope: CteScope,
): void {
  const { bindWrite, withWrites } = binder.context;
  if (outer !== null || bindWrite === null) {
    throw new SqlError(
      'feature_not_supported',
      'WITH clause containing a data-modifying statement must be at the top level',
      { token: table.token },
    );
  }
  const { modify, columns } = bindWrite(statement, scope);
  const named = columns === null ? null : columns.map((c, i) => ({ ...c, name: table.columns[i] ?? c.name }));
  const cte: CteTable = {
    name: table.name,
    columns: named ?? [],
    plan: null,
    ids: [],
    recursive: null,
    references: 0,
    materialized: true,
    write: modify,
  };
  withWrites.push(cte);
  scope.add(cte);
}

function bindRecursive(
  binder: QueryBinder,
  table: CommonTable,
  query: Query,
  body: Extract<QueryBody, { kind: 'set-operation' }>,
  outer: Scope | null,
  scope: CteScope,
): void {
  if (query.orderBy.length > 0 || query.limit !== null)
    throw new SqlError('feature_not_supported', 'ORDER BY and LIMIT in a recursive query are not supported', {
      token: table.token,
    });
  const first = binder.bind(body.left, outer, scope, true);
  const columns = cteColumns(table, first.columns).map((c) => ({
    ...c,
    type: c.type.kind === 'unknown' ? TYPES.text : c.type,
  }));
  const settled = project(
    binder,
    first,
    columns.map((c) => c.type),
    table.token,
  );
  const cte: CteTable = {
    name: table.name,
    columns,
    plan: settled.plan,
    ids: settled.ids,
    recursive: null,
    references: 0,
    materialized: true,
    write: null,
  };
  scope.add(cte);
  const term = binder.bind(body.right, outer, scope, true);
  if (cte.references > 1)
    throw new SqlError(
      'invalid_recursion',
      `recursive reference to query "${table.name}" must not appear more than once`,
      { token: table.token },
    );
  if (term.columns.length !== columns.length)
    throw new SqlError('syntax_error', 'each UNION query must have the same number of columns', {
      token: table.token,
    });
  term.columns.forEach((c, i) => {
    const wanted = (columns[i] as { type: SqlType }).type;
    if (
      c.type.kind !== wanted.kind &&
      binder.context.coercion.to({ kind: 'column', type: c.type, id: c.id, name: c.name }, wanted, 'implicit') === null
    ) {
      throw new SqlError(
        'datatype_mismatch',
        `recursive query "${table.name}" column ${i + 1} has type ${wanted.kind} in non-recursive term but type ${c.type.kind} overall`,
        { token: table.token },
      );
    }
  });
  const projected = project(
    binder,
    term,
    columns.map((c) => c.type),
    table.token,
  );
  cte.recursive = { plan: projected.plan, ids: projected.ids, all: body.all };
}

/** The body of a query that names itself. Throws 42P19 where it has another form than a first part UNION [ALL] one that does so. */
function recursiveBody(table: CommonTable, { body }: Query): Extract<QueryBody, { kind: 'set-operation' }> {
  const refuse = (what: string): never => {
    throw new SqlError('invalid_recursion', `recursive ${what}`, { token: table.token });
  };
  if (body.kind !== 'set-operation' || body.operation !== 'union')
    return refuse(`query "${table.name}" does not have the form non-recursive-term UNION [ALL] recursive-term`);
  if (mentions(body.left, table.name))
    return refuse(`reference to query "${table.name}" must not appear within its non-recursive term`);
  return body;
}

function cteColumns(table: CommonTable, columns: readonly OutputColumn[]): Array<{ name: string; type: SqlType }> {
  if (table.columns.length > columns.length) {
    throw new SqlError(
      'invalid_column_reference',
      `WITH query "${table.name}" has ${columns.length} columns available but ${table.columns.length} columns specified`,
      { token: table.token },
    );
  }
  return columns.map((c, i) => ({ name: table.columns[i] ?? c.name, type: c.type }));
}

/** Does a query name this table anywhere in a FROM clause? */
function mentions(query: Query, name: string): boolean {
  return JSON.stringify(query, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)).includes(
    `"kind":"table","path":[${JSON.stringify(name)}]`,
  );
}
