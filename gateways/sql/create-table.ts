import type { ColumnDefinition, Option, Statement, TableConstraint, TableIndex } from '#schemas/program/statement.js';
import { columnDefinition, tableConstraint } from './column-definition.js';
import type { Parser } from './parser.js';
import { optionList } from './storage-options.js';

/** CREATE [TEMP] TABLE with its columns, or AS a query; TABLE has been read. */
export function createTable(p: Parser, temporary: boolean): Statement {
  const ifNotExists = p.accept('if', 'not', 'exists');
  const path = p.objectPath();
  if (p.at('partition', 'of')) throw p.unsupported('PARTITION OF');
  if (p.at('of')) throw p.unsupported('a typed table');
  if (!p.atSymbol('(') || listsNamesOnly(p)) {
    const columns = p.atSymbol('(') ? p.parenthesised(() => p.identifier()) : [];
    return createTableAs(p, { path, ifNotExists, temporary, columns });
  }
  const elements = tableElements(p);
  const own = p.dialect.grammar.tableAttributes?.(p) ?? [];
  return { kind: 'create-table', path, ifNotExists, temporary, ...elements, options: [...own, ...tableOptions(p)] };
}

/** ( name, … ) AS: a column of a definition has a type behind its name. */
function listsNamesOnly(p: Parser): boolean {
  return p.isIdentifier(p.peek(1)) && (p.atSymbol(',', 2) || p.atSymbol(')', 2));
}

type Head = Pick<Extract<Statement, { kind: 'create-table-as' }>, 'path' | 'ifNotExists' | 'temporary' | 'columns'>;

function createTableAs(p: Parser, head: Head): Statement {
  if (tableOptions(p).length > 0) throw p.unsupported('WITH in CREATE TABLE AS');
  p.expect('as');
  if (p.at('execute')) throw p.unsupported('CREATE TABLE AS EXECUTE');
  const query = p.dialect.grammar.query(p);
  const withData = !p.accept('with', 'no', 'data');
  if (withData) p.accept('with', 'data');
  return { kind: 'create-table-as', ...head, query, withData };
}

interface Elements {
  readonly columns: ColumnDefinition[];
  readonly constraints: TableConstraint[];
  readonly indexes: TableIndex[];
}

function tableElements(p: Parser): Elements {
  const columns: ColumnDefinition[] = [];
  const constraints: TableConstraint[] = [];
  const indexes: TableIndex[] = [];
  p.expectSymbol('(');
  if (p.acceptSymbol(')')) return { columns, constraints, indexes };
  p.commaList(() => {
    if (p.at('like')) throw p.unsupported('LIKE in CREATE TABLE');
    const element = p.dialect.grammar.tableElement?.(p) ?? tableConstraint(p);
    if (element !== null && 'keys' in element) indexes.push(element);
    else if (element !== null) constraints.push(element);
    else columns.push(columnDefinition(p));
  });
  p.expectSymbol(')');
  return { columns, constraints, indexes };
}

function tableOptions(p: Parser): Option[] {
  if (p.at('inherits')) throw p.unsupported('INHERITS');
  if (p.at('partition', 'by')) throw p.unsupported('PARTITION BY');
  if (p.at('using')) throw p.unsupported('a table access method');
  // WITH [NO] DATA belongs to CREATE TABLE AS and stands behind its query.
  const options = p.at('with') && p.atSymbol('(', 1) && p.accept('with') ? optionList(p) : [];
  p.accept('without', 'oids');
  if (p.accept('on', 'commit') && !p.accept('preserve', 'rows'))
    throw p.unsupported('ON COMMIT other than PRESERVE ROWS');
  if (p.at('tablespace')) throw p.unsupported('TABLESPACE');
  return options;
}
