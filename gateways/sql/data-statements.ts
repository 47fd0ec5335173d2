import type { Expression } from '#schemas/program/expression.js';
import type { SelectItem } from '#schemas/program/query.js';
import type {
  Assignment,
  DeleteStatement,
  InsertStatement,
  OnConflict,
  Statement,
  UpdateStatement,
} from '#schemas/program/statement.js';
import type { StatementParser } from './dialect.js';
import { parseAlias } from './from-item.js';
import { parseDirection } from './function-call.js';
import type { Parser } from './parser.js';
import type { WithClause } from './query.js';
import { NO_WITH, parseQuery, parseWith, queryAfterWith } from './query.js';
import { parseRelation, parseRelations } from './relation.js';
import { TOKEN } from './scanner.js';

/** SELECT, INSERT, UPDATE, DELETE, VALUES, TABLE, WITH, TRUNCATE by their first keyword. */
export const DATA_STATEMENTS: ReadonlyMap<string, StatementParser> = new Map<string, StatementParser>([
  ['select', queryStatement],
  ['values', queryStatement],
  ['table', queryStatement],
  ['with', (p) => withStatement(p)],
  ['insert', (p) => parseInsert(p, NO_WITH)],
  ['update', (p) => parseUpdate(p, NO_WITH)],
  ['delete', (p) => parseDelete(p, NO_WITH)],
  ['truncate', parseTruncate],
]);

/** A query; SELECT … INTO creates a table. */
function queryStatement(p: Parser): Statement {
  return intoTable(p, { kind: 'query', query: parseQuery(p) });
}

function intoTable(p: Parser, statement: Extract<Statement, { kind: 'query' }>): Statement {
  const { into } = p;
  if (into === null) return statement;
  return { kind: 'create-table-as', ...into, ifNotExists: false, columns: [], query: statement.query, withData: true };
}

function withStatement(p: Parser): Statement {
  const clause = parseWith(p);
  if (p.at('insert')) return parseInsert(p, clause);
  if (p.at('update')) return parseUpdate(p, clause);
  if (p.at('delete')) return parseDelete(p, clause);
  if (p.at('merge')) throw p.unsupported('MERGE');
  return intoTable(p, { kind: 'query', query: queryAfterWith(p, clause) });
}

/** The list of SELECT and RETURNING. */
export function parseSelectItems(p: Parser): SelectItem[] {
  return p.commaList(() => parseSelectItem(p));
}

/** An expression with or without a name, or all columns. */
export function parseSelectItem(p: Parser): SelectItem {
  const token = p.ordinal;
  if (p.acceptOperator('*')) return { kind: 'star', path: [], token };
  const path = starPath(p);
  if (path !== null) return { kind: 'star', path, token };
  const expression = p.dialect.grammar.expression(p);
  return { kind: 'expression', expression, alias: itemAlias(p) };
}

/** a.b.* */
function starPath(p: Parser): string[] | null {
  let ahead = 0;
  while (p.peek(ahead).kind === TOKEN.word || p.peek(ahead).kind === TOKEN.quoted) {
    if (!p.atSymbol('.', ahead + 1)) return null;
    ahead += 2;
  }
  if (ahead === 0 || !p.atOperator('*', ahead) || !p.isIdentifier(p.token)) return null;
  const path = Array.from({ length: ahead / 2 }, (_, i) => p.peek(2 * i).text);
  p.index += ahead + 1;
  return path;
}

function itemAlias(p: Parser): string | null {
  if (p.accept('as')) return p.label();
  const { token } = p;
  const isLabel =
    token.kind === TOKEN.quoted || (token.kind === TOKEN.word && !p.dialect.labelsThatNeedAs.has(token.keyword));
  return isLabel ? p.label() : null;
}

function returning(p: Parser): SelectItem[] {
  return p.accept('returning') ? p.withoutLifting(() => p.dialect.grammar.selectItems(p)) : [];
}

function parseInsert(p: Parser, clause: WithClause): InsertStatement {
  p.expect('insert', 'into');
  return insertRest(p, clause);
}

/** What follows INSERT INTO. */
export function insertRest(p: Parser, clause: WithClause): InsertStatement {
  const table = p.objectPath();
  const alias = p.accept('as') ? p.identifier() : null;
  // A parenthesis opens the columns, unless it opens the query.
  const columns = p.atSymbol('(') && !opensQuery(p) ? p.parenthesised(() => insertColumn(p)) : [];
  let overriding: InsertStatement['overriding'] = null;
  if (p.accept('overriding')) {
    overriding = p.acceptAny('system', 'user');
    if (overriding === null) throw p.syntaxError();
    p.expect('value');
  }
  const source = p.accept('default', 'values') ? null : parseQuery(p);
  const onConflict = p.dialect.grammar.onDuplicate?.(p) ?? (p.at('on', 'conflict') ? parseOnConflict(p) : null);
  return {
    kind: 'insert',
    ...clause,
    table,
    alias,
    columns,
    source,
    overriding,
    zeroGenerates: false,
    onConflict,
    returning: returning(p),
  };
}

function opensQuery(p: Parser): boolean {
  let ahead = 0;
  while (p.atSymbol('(', ahead)) ahead++;
  const { keyword } = p.peek(ahead);
  return (
    keyword === 'select' ||
    keyword === 'with' ||
    keyword === 'table' ||
    (keyword === 'values' && p.atSymbol('(', ahead + 1))
  );
}

function insertColumn(p: Parser): { name: string; token: number } {
  const token = p.ordinal;
  const name = p.identifier();
  if (p.atSymbol('.') || p.atSymbol('[')) throw p.unsupported('assignment to a part of a column', token);
  return { name, token };
}

function parseOnConflict(p: Parser): OnConflict {
  const token = p.ordinal;
  p.expect('on', 'conflict');
  const target = conflictTarget(p);
  p.expect('do');
  if (p.accept('nothing')) return { target, update: null, token };
  p.expect('update', 'set');
  if (target.kind === 'none')
    throw p.errorAt(
      'syntax_error',
      'ON CONFLICT DO UPDATE requires inference specification or constraint name',
      token,
      {
        hint: 'For example, ON CONFLICT (column_name).',
      },
    );
  const sets = p.commaList(() => assignment(p));
  const where = p.accept('where') ? p.dialect.grammar.expression(p) : null;
  return { target, update: { sets, where }, token };
}

function conflictTarget(p: Parser): OnConflict['target'] {
  if (p.accept('on', 'constraint')) return { kind: 'constraint', name: p.identifier() };
  if (!p.atSymbol('(')) return { kind: 'none' };
  return p.withoutLifting(() => {
    const columns = p.parenthesised(() => indexExpression(p));
    const where = p.accept('where') ? p.dialect.grammar.expression(p) : null;
    return { kind: 'columns', columns, where };
  });
}

/** A column or expression of an inferred index; sorting does not matter for it, an operator class would. */
function indexExpression(p: Parser): Expression {
  const expression = p.dialect.grammar.expression(p);
  if (p.isIdentifier(p.token)) throw p.unsupported('an operator class');
  parseDirection(p, p.ordinal);
  return expression;
}

/** column = value, or (column, …) = row. */
export function assignment(p: Parser): Assignment {
  const isList = p.atSymbol('(');
  const columns = isList ? p.parenthesised(() => insertColumn(p)) : [insertColumn(p)];
  if (!p.acceptOperator('=')) throw p.syntaxError();
  const token = p.ordinal;
  const value = p.dialect.grammar.expression(p);
  if (!isList) return { columns, value };
  const values = value.kind === 'row' ? value.elements.length : columns.length;
  if (value.kind !== 'row' && value.kind !== 'scalar-subquery' && columns.length > 1)
    throw p.errorAt(
      'feature_not_supported',
      'source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression',
      token,
    );
  if (values !== columns.length)
    throw p.errorAt('syntax_error', 'number of columns does not match number of values', token);
  const [only] = value.kind === 'row' ? value.elements : [];
  return { columns, value: columns.length === 1 && only !== undefined ? only : value };
}

function parseUpdate(p: Parser, clause: WithClause): UpdateStatement {
  p.expect('update');
  const { table, alias } = target(p, 'set');
  p.expect('set');
  const sets = p.commaList(() => assignment(p));
  const from = p.accept('from') ? p.commaList(() => p.dialect.grammar.fromItem(p)) : [];
  const where = parseWhere(p);
  const among = p.dialect.grammar.among?.(p, { table, alias, where }) ?? null;
  return { kind: 'update', ...clause, table, alias, sets, from, where, among, returning: returning(p) };
}

function parseDelete(p: Parser, clause: WithClause): DeleteStatement {
  p.expect('delete', 'from');
  const { table, alias } = target(p, 'using');
  const using = p.accept('using') ? p.commaList(() => p.dialect.grammar.fromItem(p)) : [];
  const where = parseWhere(p);
  const among = p.dialect.grammar.among?.(p, { table, alias, where }) ?? null;
  return { kind: 'delete', ...clause, table, alias, using, where, among, returning: returning(p) };
}

/** [ONLY] table [*] [[AS] alias]; `next` is the keyword that ends it and is no alias. */
function target(p: Parser, next: string): Pick<UpdateStatement, 'table' | 'alias'> {
  const { table } = parseRelation(p);
  if (p.at(next)) return { table, alias: null };
  return { table, alias: parseAlias(p) };
}

function parseWhere(p: Parser): Expression | null {
  if (!p.accept('where')) return null;
  if (p.at('current', 'of')) throw p.unsupported('WHERE CURRENT OF');
  return p.dialect.grammar.expression(p);
}

function parseTruncate(p: Parser): Statement {
  p.expect('truncate');
  p.accept('table');
  const tables = parseRelations(p);
  const restartIdentity = p.accept('restart', 'identity');
  if (!restartIdentity) p.accept('continue', 'identity');
  const cascade = p.accept('cascade');
  if (!cascade) p.accept('restrict');
  return { kind: 'truncate', tables, restartIdentity, cascade };
}
