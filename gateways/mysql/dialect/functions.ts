import type { Expression } from '#schemas/program/expression.js';
import { call } from '../../sql/call.js';
import type { SpecialParser } from '../../sql/dialect.js';
import { parseOrderBy } from '../../sql/function-call.js';
import type { Parser } from '../../sql/parser.js';
import { TOKEN } from '../../sql/scanner.js';

type Make = (args: readonly Expression[], token: number) => Expression | undefined;

/** Functions of MySQL's by what they are in the program; undefined = the number of arguments is wrong. */
const FUNCTIONS: Readonly<Record<string, Make>> = {
  locate: ([part, text, ...more], token) =>
    two(part, text, more, () => call('strpos', [text, part] as Expression[], token)),
  instr: ([text, part, ...more], token) =>
    two(part, text, more, () => call('strpos', [text, part] as Expression[], token)),
  space: ([count, ...more], token) => one(count, more, (n) => call('repeat', [text(' ', token), n], token)),
  isnull: ([value, ...more], token) =>
    one(value, more, (operand) => ({ kind: 'is', test: 'null', negated: false, operand, token })),
  datediff: ([end, start, ...more], token) =>
    two(end, start, more, () => ({
      kind: 'operator',
      symbol: '-',
      operands: [end, start].map((day) => cast(day as Expression, 'date', token)),
      token,
    })),
  year: field('year'),
  quarter: field('quarter'),
  month: field('month'),
  day: field('day'),
  dayofmonth: field('day'),
  dayofyear: field('doy'),
  curdate: (args, token) => (args.length === 0 ? cast(call('now', [], token), 'date', token) : undefined),
};

/** The functions as expressions with rules of their own. Their names are words like any other where no parenthesis follows. */
export const MYSQL_FUNCTIONS: ReadonlyMap<string, SpecialParser> = new Map<string, SpecialParser>([
  ...Object.entries(FUNCTIONS).map(([name, make]) => [name, (p: Parser) => plain(p, make)] as const),
  ['group_concat', groupConcat],
]);

function one(value: Expression | undefined, more: readonly unknown[], make: (value: Expression) => Expression) {
  return value === undefined || more.length > 0 ? undefined : make(value);
}

function two(a: unknown, b: unknown, more: readonly unknown[], make: () => Expression): Expression | undefined {
  return a === undefined || b === undefined || more.length > 0 ? undefined : make();
}

function text(value: string, token: number): Expression {
  return { kind: 'constant', type: { kind: 'text' }, value, token };
}

export function cast(operand: Expression, type: string, token: number): Expression {
  return { kind: 'cast', operand, type: { name: [type], modifiers: [], arrayDimensions: 0, token }, token };
}

/** A part of a date, also of one that is written as a text. */
function field(name: string): Make {
  return ([day, ...more], token) =>
    one(day, more, (d) => cast(call('extract', [text(name, token), cast(d, 'date', token)], token), 'int4', token));
}

function plain(p: Parser, make: Make): Expression {
  const token = p.ordinal;
  p.advance();
  const made = p.withoutLifting(() => {
    if (!p.atSymbol('(') || !p.atSymbol(')', 1))
      return make(
        p.parenthesised(() => p.dialect.grammar.expression(p)),
        token,
      );
    p.expectSymbol('(');
    p.expectSymbol(')');
    return make([], token);
  });
  if (made === undefined) throw p.syntaxError();
  return made;
}

/** GROUP_CONCAT([DISTINCT] expression [ORDER BY …] [SEPARATOR text]) */
function groupConcat(p: Parser): Expression {
  const token = p.ordinal;
  p.advance();
  return p.withoutLifting(() => {
    p.expectSymbol('(');
    const distinct = p.accept('distinct');
    const value = cast(p.dialect.grammar.expression(p), 'text', token);
    if (p.atSymbol(',')) throw p.unsupported('GROUP_CONCAT of several expressions');
    const orderBy = p.at('order', 'by') ? parseOrderBy(p) : [];
    let separator = ',';
    if (p.accept('separator')) {
      if (p.token.kind !== TOKEN.string) throw p.syntaxError();
      separator = p.token.text;
      p.advance();
    }
    p.expectSymbol(')');
    const plainCall = call('string_agg', [value, text(separator, token)], token);
    return { ...(plainCall as Extract<Expression, { kind: 'call' }>), distinct, orderBy };
  });
}
