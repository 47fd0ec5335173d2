import type { Expression, TypeName } from '#schemas/program/expression.js';
import type { Alias, FromItem, JoinCondition, Query } from '#schemas/program/query.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SpecialParser } from './dialect.js';
import { callArguments } from './function-call.js';
import type { Parser } from './parser.js';
import { parseRelation } from './relation.js';

/** A table, function, subquery or join in FROM. */
export function parseFromItem(p: Parser): FromItem {
  return joins(p, fromPrimary(p));
}

function joins(p: Parser, first: FromItem): FromItem {
  let left = first;
  while (atJoin(p)) left = join(p, left);
  return left;
}

function atJoin(p: Parser): boolean {
  return p.atAny('join', 'inner', 'left', 'right', 'full', 'cross', 'natural');
}

function join(p: Parser, left: FromItem): FromItem {
  const natural = p.accept('natural');
  const type = joinType(p);
  const token = p.ordinal;
  p.expect('join');
  let right = fromPrimary(p);
  if (natural || type === 'cross')
    return { kind: 'join', type, left, right, condition: { kind: natural ? 'natural' : 'none' }, alias: null, token };
  // a JOIN b JOIN c ON … ON …: the inner join belongs to the right side.
  if (atJoin(p)) right = p.nested(() => rightJoins(p, right));
  return { kind: 'join', type, left, right, condition: joinCondition(p), alias: null, token };
}

function rightJoins(p: Parser, first: FromItem): FromItem {
  let right = first;
  while (atJoin(p)) right = join(p, right);
  return right;
}

function joinType(p: Parser): Extract<FromItem, { kind: 'join' }>['type'] {
  if (p.accept('cross')) return 'cross';
  if (p.accept('inner')) return 'inner';
  const type = p.acceptAny('left', 'right', 'full');
  if (type === null) return 'inner';
  p.accept('outer');
  return type;
}

function joinCondition(p: Parser): JoinCondition {
  if (p.accept('on')) return { kind: 'on', expression: p.dialect.grammar.expression(p) };
  p.expect('using');
  const columns = p.parenthesised(() => p.identifier());
  if (p.at('as')) throw p.unsupported('an alias of JOIN USING');
  return { kind: 'using', columns };
}

function fromPrimary(p: Parser): FromItem {
  const token = p.ordinal;
  if (p.accept('lateral')) {
    const item = p.atSymbol('(') ? parenthesised(p) : tableOrFunction(p);
    if (item.kind === 'table' || item.kind === 'join') throw p.syntaxErrorAt(p.first + token);
    return { ...item, lateral: true };
  }
  if (p.atSymbol('(')) return parenthesised(p);
  return tableOrFunction(p);
}

function tableOrFunction(p: Parser): FromItem {
  if (p.at('rows', 'from')) throw p.unsupported('ROWS FROM');
  if (p.atAny('xmltable', 'json_table')) throw p.unsupported(p.token.text.toUpperCase());
  if (!p.at('only') && isCall(p)) return functionItem(p);
  const { table, only } = parseRelation(p);
  const time = systemTime(p);
  const alias = parseAlias(p);
  if (p.at('tablesample')) throw p.unsupported('TABLESAMPLE');
  return { kind: 'table', path: table.path, only, alias, ...time, token: table.token };
}

/** FOR SYSTEM_TIME AS OF moment | FOR SYSTEM_TIME ALL | AS OF SYSTEM TIME moment */
function systemTime(p: Parser): { readonly asOf: Expression | null; readonly allVersions: boolean } {
  if (p.at('as', 'of', 'system')) {
    p.expect('as', 'of', 'system');
    p.expect('time');
    return { asOf: p.dialect.grammar.expression(p), allVersions: false };
  }
  if (!p.accept('for', 'system_time')) return { asOf: null, allVersions: false };
  if (p.accept('all')) return { asOf: null, allVersions: true };
  if (p.atAny('from', 'between')) throw p.unsupported('a range of FOR SYSTEM_TIME');
  p.expect('as', 'of');
  return { asOf: p.dialect.grammar.expression(p), allVersions: false };
}

/** name [.name …] ( or CURRENT_DATE and its like. */
function isCall(p: Parser): boolean {
  if (p.dialect.grammar.specials.has(p.token.keyword) && !p.isIdentifier(p.token)) return true;
  let ahead = 0;
  while (p.atSymbol('.', ahead + 1)) ahead += 2;
  return (
    p.atSymbol('(', ahead + 1) &&
    (ahead > 0 ? p.isIdentifier(p.token) : p.isFunctionName(p.token) || p.dialect.grammar.specials.has(p.token.keyword))
  );
}

function functionItem(p: Parser): FromItem {
  const token = p.ordinal;
  const special = p.dialect.grammar.specials.get(p.token.keyword);
  const path = special === undefined ? functionPath(p) : [];
  const call = special === undefined ? callArguments(p, path, token) : specialCall(p, special);
  const ordinality = p.accept('with', 'ordinality');
  const hasAs = p.at('as');
  if (hasAs && p.atSymbol('(', 1)) {
    p.advance();
    return {
      kind: 'function',
      call,
      lateral: false,
      ordinality,
      alias: null,
      columnDefinitions: p.parenthesised(() => columnDefinition(p)),
      token,
    };
  }
  const definitions: Array<{ name: string; type: TypeName }> = [];
  const alias = parseAlias(p, definitions);
  return { kind: 'function', call, lateral: false, ordinality, alias, columnDefinitions: definitions, token };
}

/** CURRENT_DATE, COALESCE(…) and their like; not every expression that opens with a keyword is a function. */
function specialCall(p: Parser, special: SpecialParser): Expression {
  const { index } = p;
  const expression = p.withoutLifting(() => special(p));
  if (expression.kind !== 'call' && expression.kind !== 'cast') throw p.syntaxErrorAt(index);
  return expression;
}

function functionPath(p: Parser): string[] {
  const path = [p.advance().text];
  while (p.acceptSymbol('.')) path.push(p.label());
  const [single] = path;
  return path.length === 1 && single !== undefined ? [p.dialect.functionAliases.get(single) ?? single] : path;
}

function columnDefinition(p: Parser): { name: string; type: TypeName } {
  return { name: p.identifier(), type: p.dialect.grammar.typeName(p) };
}

/**
 * [AS] name [(columns)]. Where `definitions` is given, the columns may have types: they are put there.
 */
export function parseAlias(
  p: Parser,
  definitions: Array<{ name: string; type: TypeName }> | null = null,
): Alias | null {
  if (!p.accept('as') && !p.isIdentifier(p.token)) return null;
  const name = p.identifier();
  if (!p.acceptSymbol('(')) return { name, columns: [] };
  if (definitions !== null && !p.atSymbol(',', 1) && !p.atSymbol(')', 1)) {
    definitions.push(...p.commaList(() => columnDefinition(p)));
    p.expectSymbol(')');
    return { name, columns: [] };
  }
  const columns = p.identifiers();
  p.expectSymbol(')');
  return { name, columns };
}

function parenthesised(p: Parser): FromItem {
  const token = p.ordinal;
  const inner = p.nested(() => queryOrJoin(p));
  if ('body' in inner) return subquery(p, inner, token);
  if (inner.kind !== 'join') throw p.syntaxErrorAt(p.index - 1);
  const alias = parseAlias(p);
  return alias === null ? inner : { ...inner, alias };
}

function missingAlias(p: Parser, query: Query, token: number): SqlError {
  const [what, example] = query.body.kind === 'values' ? ['VALUES', 'VALUES ...'] : ['subquery', 'SELECT ...'];
  const { message, details } = p.errorAt('syntax_error', `${what} in FROM must have an alias`, token);
  return new SqlError('syntax_error', message, { ...details, hint: `For example, FROM (${example}) [AS] foo.` });
}

function subquery(p: Parser, query: Query, token: number): FromItem {
  const alias = parseAlias(p);
  if (alias === null) throw missingAlias(p, query, token);
  return { kind: 'subquery', query, lateral: false, alias, token };
}

/** ( query ) or ( join ): which of them only shows behind the inner parentheses. */
function queryOrJoin(p: Parser): Query | FromItem {
  const token = p.ordinal;
  p.expectSymbol('(');
  let inner: Query | FromItem;
  if (p.startsQuery()) inner = p.dialect.grammar.query(p);
  else if (!p.atSymbol('(')) inner = parseFromItem(p);
  else {
    inner = p.nested(() => queryOrJoin(p));
    if ('body' in inner && p.continuesQuery()) inner = p.dialect.grammar.queryRest(p, inner);
    else if ('body' in inner && !p.atSymbol(')')) inner = joins(p, subquery(p, inner, token + 1));
    else if (!('body' in inner)) {
      const alias = parseAlias(p);
      inner = joins(p, alias !== null && inner.kind === 'join' ? { ...inner, alias } : inner);
    }
  }
  p.expectSymbol(')');
  return inner;
}
