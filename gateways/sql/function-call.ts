import type { Expression, FrameBound, OrderItem, Window, WindowFrame } from '#schemas/program/expression.js';
import type { Parser } from './parser.js';
import { TOKEN } from './scanner.js';

type Call = Extract<Expression, { kind: 'call' }>;

/**
 * What follows a function's name: arguments, ORDER BY, FILTER, OVER. Literals among them are not lifted: which function is meant may hang on
 * them, and some arguments (a sequence's name) only the engine can convert.
 */
export function callArguments(p: Parser, name: readonly string[], token: number): Call {
  return p.withoutLifting(() => {
    p.expectSymbol('(');
    const call = { kind: 'call', name, ...argumentList(p), token } as const;
    p.expectSymbol(')');
    if (p.at('within', 'group')) throw p.unsupported('WITHIN GROUP');
    return { ...call, ...filterAndOver(p) };
  });
}

function argumentList(p: Parser): Pick<Call, 'arguments' | 'star' | 'distinct' | 'orderBy'> {
  const none = { arguments: [], star: false, distinct: false, orderBy: [] };
  if (p.atSymbol(')')) return none;
  if (p.acceptOperator('*')) return { ...none, star: true };
  const distinct = p.accept('distinct');
  if (!distinct) p.accept('all');
  const args = p.commaList(() => argument(p));
  const orderBy = p.at('order', 'by') ? parseOrderBy(p) : [];
  return { arguments: args, star: false, distinct, orderBy };
}

function argument(p: Parser): Expression {
  if (p.at('variadic')) throw p.unsupported('VARIADIC');
  const isNamed =
    (p.token.kind === TOKEN.word || p.token.kind === TOKEN.quoted) && (p.atSymbol('=>', 1) || p.atSymbol(':=', 1));
  if (isNamed) throw p.unsupported('a named argument');
  return p.dialect.grammar.expression(p);
}

function filterAndOver(p: Parser): Pick<Call, 'filter' | 'over'> {
  let filter: Expression | null = null;
  if (p.at('filter') && p.atSymbol('(', 1)) {
    p.advance();
    p.expectSymbol('(');
    p.expect('where');
    filter = p.dialect.grammar.expression(p);
    p.expectSymbol(')');
  }
  if (!p.accept('over')) return { filter, over: null };
  if (p.atSymbol('(')) return { filter, over: parseWindow(p) };
  return { filter, over: { name: p.identifier(), partitionBy: [], orderBy: [], frame: null } };
}

/** ( [name] [PARTITION BY …] [ORDER BY …] [frame] ) */
export function parseWindow(p: Parser): Window {
  p.expectSymbol('(');
  // PARTITION, RANGE, ROWS and GROUPS are not reserved, but open a clause here.
  const isName = p.isIdentifier(p.token) && !p.atAny('partition', 'range', 'rows', 'groups');
  const name = isName ? p.identifier() : null;
  const partitionBy = p.accept('partition', 'by') ? p.commaList(() => p.dialect.grammar.expression(p)) : [];
  const orderBy = p.at('order', 'by') ? parseOrderBy(p) : [];
  const mode = p.acceptAny('rows', 'range', 'groups');
  const frame = mode === null ? null : windowFrame(p, mode);
  p.expectSymbol(')');
  return { name, partitionBy, orderBy, frame };
}

function windowFrame(p: Parser, mode: WindowFrame['mode']): WindowFrame {
  let start: FrameBound;
  let end: FrameBound = { kind: 'current-row' };
  const token = p.ordinal;
  const isBetween = p.accept('between');
  if (isBetween) {
    start = frameBound(p);
    p.expect('and');
    end = frameBound(p);
  } else start = frameBound(p);
  if (start.kind === 'unbounded-following')
    throw p.errorAt('windowing_error', 'frame start cannot be UNBOUNDED FOLLOWING', token);
  if (end.kind === 'unbounded-preceding')
    throw p.errorAt('windowing_error', 'frame end cannot be UNBOUNDED PRECEDING', token);
  if (start.kind === 'following' && (end.kind === 'preceding' || end.kind === 'current-row'))
    throw p.errorAt(
      'windowing_error',
      end.kind === 'preceding' || isBetween
        ? 'frame starting from following row cannot have preceding rows'
        : 'frame starting from following row cannot end with current row',
      token,
    );
  if (start.kind === 'current-row' && end.kind === 'preceding')
    throw p.errorAt('windowing_error', 'frame starting from current row cannot have preceding rows', token);
  if (p.accept('exclude') && !p.accept('no', 'others')) throw p.unsupported('EXCLUDE in a window frame');
  return { mode, start, end };
}

function frameBound(p: Parser): FrameBound {
  if (p.accept('unbounded', 'preceding')) return { kind: 'unbounded-preceding' };
  if (p.accept('unbounded', 'following')) return { kind: 'unbounded-following' };
  if (p.accept('current', 'row')) return { kind: 'current-row' };
  const offset = p.dialect.grammar.expression(p);
  const kind = p.acceptAny('preceding', 'following');
  if (kind === null) throw p.syntaxError();
  return { kind, offset };
}

/** ORDER BY item, …: its literals are never lifted, since a bare integer names an output column. */
export function parseOrderBy(p: Parser): OrderItem[] {
  p.expect('order', 'by');
  return p.withoutLifting(() => p.commaList(() => orderItem(p)));
}

function orderItem(p: Parser): OrderItem {
  const expression = p.dialect.grammar.expression(p);
  const token = p.ordinal;
  return { expression, ...parseDirection(p, token) };
}

/** [ASC | DESC | USING operator] [NULLS FIRST | LAST] */
export function parseDirection(p: Parser, token: number): Pick<OrderItem, 'descending' | 'nullsFirst'> {
  let descending = p.accept('desc');
  if (!descending && !p.accept('asc') && p.accept('using')) {
    const symbol = p.advance().text;
    if (symbol !== '<' && symbol !== '>') throw p.unsupported(`ORDER BY … USING ${symbol}`, token);
    descending = symbol === '>';
  }
  if (!p.accept('nulls')) return { descending, nullsFirst: p.dialect.nullsSortLow === true ? !descending : null };
  const place = p.acceptAny('first', 'last');
  if (place === null) throw p.syntaxError();
  return { descending, nullsFirst: place === 'first' };
}
