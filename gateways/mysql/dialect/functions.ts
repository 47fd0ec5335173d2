import type { Expression } from '#schemas/program/expression.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { call } from '../../sql/call.js';
import type { SpecialParser } from '../../sql/dialect.js';
import { parseOrderBy } from '../../sql/function-call.js';
import type { Parser } from '../../sql/parser.js';
import { TOKEN } from '../../sql/scanner.js';
import { addition } from './intervals.js';
import { MOMENT_FUNCTIONS } from './moments.js';

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
  ...MOMENT_FUNCTIONS,
  ...Object.fromEntries(['date_add', 'adddate'].map((name) => [name, addition('+')])),
  ...Object.fromEntries(['date_sub', 'subdate'].map((name) => [name, addition('-')])),
  now: moments,
  sysdate: moments,
  strcmp: ([a, b, ...more], token) => two(a, b, more, () => comparison(a as Expression, b as Expression, token)),
  uuid: (args, token) => (args.length === 0 ? cast(call('gen_random_uuid', [], token), 'text', token) : undefined),
  sha2: ([value, bits, ...more], token) =>
    two(value, bits, more, () => hash(value as Expression, bits as Expression, token)),
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

/** NOW(6) is NOW(): fractions are always kept; of fewer digits they would be rounded. */
function moments(args: readonly Expression[], token: number): Expression | undefined {
  const [digits, ...more] = args;
  if (digits === undefined) return call('now', [], token);
  if (more.length > 0) return undefined;
  if (digits.kind !== 'constant' || digits.value !== 6)
    throw new SqlError('feature_not_supported', 'a precision of moments other than 6 is not supported', { token });
  return call('now', [], token);
}

/** STRCMP: -1, 0 or 1, and NULL when one text is. */
function comparison(left: Expression, right: Expression, token: number): Expression {
  const operands = [left, right];
  const integer = (value: number): Expression => ({ kind: 'constant', type: { kind: 'integer' }, value, token });
  const when = (symbol: string): Expression => ({ kind: 'operator', symbol, operands, token });
  return {
    kind: 'case',
    operand: null,
    branches: [
      { when: when('<'), then: integer(-1) },
      { when: when('='), then: integer(0) },
      { when: when('>'), then: integer(1) },
    ],
    otherwise: null,
    token,
  };
}

/** SHA2 in the lengths that the program has. */
function hash(value: Expression, bits: Expression, token: number): Expression {
  const length = bits.kind === 'constant' ? (bits.value === 0 ? 256 : bits.value) : null;
  if (![224, 256, 384, 512].includes(Number(length)) || length === null)
    throw new SqlError('feature_not_supported', 'a length of SHA2 that is no literal is not supported', { token });
  const bytes = call('convert_to', [cast(value, 'text', token), text('UTF8', token)], token);
  return call('encode', [call(`sha${String(length)}`, [bytes], token), text('hex', token)], token);
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
