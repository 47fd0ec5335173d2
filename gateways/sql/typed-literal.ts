import type { Expression } from '#schemas/program/expression.js';
import type { Parser } from './parser.js';
import { TOKEN } from './scanner.js';
import { intervalFields, scalarType } from './type-name.js';

/** Next is a literal with its type before it: date '…', timestamp with time zone '…', numeric(4,1) '…'. */
export function atTypedLiteral(p: Parser): boolean {
  const { token } = p;
  const isString = (ahead: number): boolean => p.peek(ahead).kind === TOKEN.string;
  if (isString(1)) return p.isFunctionName(token) || p.isIdentifier(token);
  switch (token.keyword) {
    case 'double':
      return p.peek(1).keyword === 'precision' && isString(2);
    case 'time':
    case 'timestamp': {
      const after = skipModifiers(p, 1);
      const zoned =
        (p.peek(after).keyword === 'with' || p.peek(after).keyword === 'without') &&
        p.peek(after + 1).keyword === 'time';
      return isString(zoned ? after + 3 : after);
    }
    case 'character':
    case 'char':
    case 'nchar':
      return isString(skipModifiers(p, p.peek(1).keyword === 'varying' ? 2 : 1));
    case 'national':
      return p.peek(1).keyword === 'character' || p.peek(1).keyword === 'char';
    default:
      return p.atSymbol('(', 1) && isString(skipModifiers(p, 1));
  }
}

/** Offset of the token behind ( number, … ) at offset `ahead`; `ahead` when there is no such thing. */
function skipModifiers(p: Parser, ahead: number): number {
  if (!p.atSymbol('(', ahead)) return ahead;
  let at = ahead + 1;
  while (p.peek(at).kind === TOKEN.integer || p.atSymbol(',', at)) at++;
  return p.atSymbol(')', at) ? at + 1 : ahead;
}

/** N'…', nothing between the two: NCHAR '…', as the SQL standard and PostgreSQL have it. */
function atNational(p: Parser): boolean {
  return p.token.keyword === 'n' && p.token.end === p.peek(1).start;
}

/** The type before the literal. A character type without a length is as long as the literal here, not of length 1. */
function typeBefore(p: Parser): ReturnType<typeof scalarType> {
  if (atNational(p)) {
    p.advance();
    return { name: ['bpchar'], modifiers: [] };
  }
  const scalar = scalarType(p);
  const hasLength = p.tokens[p.index - 1]?.text === ')';
  return scalar.name[0] === 'bpchar' && !hasLength ? { name: scalar.name, modifiers: [] } : scalar;
}

/** Reads such a literal: a cast of an untyped one. */
export function typedLiteral(p: Parser): Expression {
  const ordinal = p.ordinal;
  const scalar = typeBefore(p);
  const index = p.index;
  const literal = p.ordinal;
  const text = p.string();
  const fields =
    scalar.name.length === 1 && scalar.name[0] === 'interval' && scalar.modifiers.length === 0 ? intervalFields(p) : [];
  const type = {
    ...scalar,
    modifiers: fields.length > 0 ? fields : scalar.modifiers,
    arrayDimensions: 0,
    token: ordinal,
  };
  const isPlain = fields.length === 0 && p.dialect.convertibleTypes.has(type.name.join('.'));
  const lifted: Expression = isPlain
    ? p.lifter.literal('unknown', text, text, index, literal)
    : { kind: 'constant', type: { kind: 'unknown' }, value: withUnit(text, p, fields), token: literal };
  return { kind: 'cast', operand: lifted, type, token: ordinal };
}

/** INTERVAL '3' DAY means 3 days: the unit of a bare number goes into the text. */
function withUnit(text: string, p: Parser, fields: readonly number[]): string {
  if (fields.length === 0 || !/^\s*[+-]?\d+(?:\.\d+)?\s*$/.test(text)) return text;
  let at = p.index - 1;
  // Past the precision of SECOND(3).
  while (at > p.first && p.tokens[at]?.kind !== TOKEN.word) at--;
  return `${text.trim()} ${p.tokens[at]?.keyword ?? ''}`;
}
