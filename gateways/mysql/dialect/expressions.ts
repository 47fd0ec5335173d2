import type { Expression } from '#schemas/program/expression.js';
import { call } from '../../sql/call.js';
import type { SpecialParser } from '../../sql/dialect.js';
import type { Parser } from '../../sql/parser.js';
import { STANDARD_SPECIALS } from '../../sql/special-expressions.js';
import { interval } from './intervals.js';
import { castType } from './types.js';

/** Expressions that MySQL writes as functions and that the program has otherwise. */
export const MYSQL_SPECIALS: ReadonlyMap<string, SpecialParser> = new Map<string, SpecialParser>([
  // MySQL's answer NULL when one argument is, the program's leave it out.
  ...[...STANDARD_SPECIALS].filter(([name]) => !['greatest', 'least', 'cast', 'array', 'grouping'].includes(name)),
  ['greatest', refused],
  ['least', refused],
  ['format', refused],
  ['cast', cast],
  ['interval', interval],
  ['if', condition],
  ['ifnull', (p) => functionLike(p, (args, token) => call('coalesce', args, token))],
  ['concat', (p) => functionLike(p, concatenation)],
  ['values', insertedValue],
  ['mid', (p) => fromLiteral(p, (q) => functionLike(q, (args, token) => call('substr', args, token)), 1)],
  ['substring', (p) => fromLiteral(p, STANDARD_SPECIALS.get('substring'), 1)],
  ...['substr', 'left', 'right'].map(
    (name) => [name, (p: Parser) => fromLiteral(p, plainCall, name === 'substr' ? 1 : 0)] as const,
  ),
]);

/** Functions that only have another name in the program. */
export const FUNCTION_ALIASES: ReadonlyMap<string, string> = new Map([
  ['length', 'octet_length'],
  ['ucase', 'upper'],
  ['lcase', 'lower'],
  ['rand', 'random'],
  ['log', 'ln'],
  ['truncate', 'trunc'],
  ['pow', 'power'],
  // Over all rows, where the program's functions of these names are over a sample.
  ['std', 'stddev_pop'],
  ['stddev', 'stddev_pop'],
  ['variance', 'var_pop'],
  ['ceiling', 'ceil'],
  ['database', 'current_schema'],
]);

/** X'…': bytes. */
export function hexadecimal(p: Parser): Expression {
  const token = p.ordinal;
  const digits = /^x'((?:[0-9a-f]{2})*)'$/i.exec(p.text.slice(p.token.start, p.token.end))?.[1];
  if (digits === undefined) throw p.unsupported('a bit string');
  p.advance();
  return { kind: 'constant', type: { kind: 'bytea' }, value: Uint8Array.from(Buffer.from(digits, 'hex')), token };
}

function refused(p: Parser): Expression {
  throw p.unsupported(`the function ${p.token.keyword}`);
}

function functionLike(
  p: Parser,
  make: (args: readonly Expression[], token: number) => Expression | undefined,
): Expression {
  const token = p.ordinal;
  p.advance();
  const made = make(
    p.parenthesised(() => p.dialect.grammar.expression(p)),
    token,
  );
  if (made === undefined) throw p.syntaxError();
  return made;
}

const plainCall: SpecialParser = (p) => {
  const name = p.token.keyword;
  return functionLike(p, (args, token) => call(name, args, token));
};

/**
 * A place or length below `minimum` counts from the text's end in one of the two systems: it must be a literal, so that it is seen that this one
 * does not.
 */
function fromLiteral(p: Parser, parse: SpecialParser | undefined, minimum: number): Expression {
  const token = p.ordinal;
  const made = p.withoutLifting(() => parse?.(p));
  const place = made?.kind === 'call' ? made.arguments[1] : undefined;
  if (made === undefined) throw p.syntaxError();
  if (place?.kind !== 'constant' || typeof place.value !== 'number' || place.value < minimum)
    throw p.unsupported(`a place in a text that is no literal from ${minimum} on`, token);
  return made;
}

/** CONCAT is NULL when one argument is: that is the operator's rule, not the function's. */
function concatenation(args: readonly Expression[], token: number): Expression | undefined {
  const texts = args.map(
    (operand): Expression => ({
      kind: 'cast',
      operand,
      type: { name: ['text'], modifiers: [], arrayDimensions: 0, token },
      token,
    }),
  );
  const [first, ...others] = texts;
  return others.reduce<Expression | undefined>(
    (left, right) => left && { kind: 'operator', symbol: '||', operands: [left, right], token },
    first,
  );
}

function condition(p: Parser): Expression {
  return functionLike(p, ([when, then, otherwise, ...more], token) =>
    when === undefined || then === undefined || otherwise === undefined || more.length > 0
      ? undefined
      : { kind: 'case', operand: null, branches: [{ when, then }], otherwise, token },
  );
}

function cast(p: Parser): Expression {
  const token = p.ordinal;
  p.advance();
  p.expectSymbol('(');
  const operand = p.fixedExpression();
  p.expect('as');
  const type = castType(p);
  p.expectSymbol(')');
  return { kind: 'cast', operand, type, token };
}

/** VALUES(column) in ON DUPLICATE KEY UPDATE: the value that the row would have had. */
function insertedValue(p: Parser): Expression {
  const token = p.ordinal;
  p.advance();
  p.expectSymbol('(');
  const column = p.identifier();
  p.expectSymbol(')');
  return { kind: 'column', path: ['excluded', column], token };
}
