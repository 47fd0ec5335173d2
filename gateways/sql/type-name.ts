import type { TypeName } from '#schemas/program/expression.js';
import type { Parser } from './parser.js';
import { TOKEN } from './scanner.js';

/** Fields of interval types as PostgreSQL numbers their bits in a type modifier. */
const INTERVAL_FIELDS: Readonly<Record<string, number>> = {
  month: 1,
  year: 2,
  day: 3,
  hour: 10,
  minute: 11,
  second: 12,
};
const INTERVAL_ORDER = ['year', 'month', 'day', 'hour', 'minute', 'second'];

/** A type: its name in the program's spelling, modifiers and array dimensions. */
export function parseTypeName(p: Parser): TypeName {
  const token = p.ordinal;
  if (p.at('setof')) throw p.unsupported('SETOF');
  const scalar = scalarType(p);
  if (p.atOperator('%') && p.peek(1).keyword === 'type') throw p.unsupported('%TYPE');
  return { ...scalar, arrayDimensions: arrayDimensions(p), token };
}

type Scalar = Pick<TypeName, 'name' | 'modifiers'>;

/** A type without array bounds. */
export function scalarType(p: Parser): Scalar {
  const { token } = p;
  if (token.kind === TOKEN.word) {
    const special = SPECIAL_TYPES.get(token.keyword);
    const isPlainDouble = token.keyword === 'double' && p.peek(1).keyword !== 'precision';
    if (special !== undefined && !p.atSymbol('.', 1) && !isPlainDouble) return special(p);
  }
  // Type names that are keywords (int, boolean, …) are of the class column-name.
  if (!p.isFunctionName(token) && !(p.isIdentifier(token) && p.dialect.typeAliases.has(token.text)))
    throw p.syntaxError();
  const path = [p.advance().text];
  while (p.acceptSymbol('.')) path.push(p.label());
  const written = modifiers(p);
  const [single] = path;
  const alias =
    path.length === 1 && single !== undefined && token.kind === TOKEN.word
      ? p.dialect.typeAliases.get(single)
      : undefined;
  if (alias === undefined) return { name: path, modifiers: written };
  return { name: alias.name, modifiers: written.length > 0 ? written : (alias.modifiers ?? []) };
}

const SPECIAL_TYPES: ReadonlyMap<string, (p: Parser) => Scalar> = new Map<string, (p: Parser) => Scalar>(
  Object.entries({
    double: (p: Parser) => {
      p.expect('double', 'precision');
      return { name: ['float8'], modifiers: [] };
    },
    float: (p: Parser) => {
      p.advance();
      const token = p.ordinal;
      const [precision = 53] = modifiers(p);
      if (precision < 1)
        throw p.errorAt('invalid_parameter_value', 'precision for type float must be at least 1 bit', token);
      if (precision > 53)
        throw p.errorAt('invalid_parameter_value', 'precision for type float must be less than 54 bits', token);
      return { name: [precision <= 24 ? 'float4' : 'float8'], modifiers: [] };
    },
    character,
    char: character,
    nchar: character,
    national: (p: Parser) => {
      p.advance();
      if (!p.atAny('character', 'char')) throw p.syntaxError();
      return character(p);
    },
    bit: (p: Parser) => {
      p.advance();
      const varying = p.accept('varying');
      const written = modifiers(p);
      return { name: [varying ? 'varbit' : 'bit'], modifiers: written.length > 0 || varying ? written : [1] };
    },
    timestamp: (p: Parser) => withTimeZone(p, 'timestamp', 'timestamptz'),
    time: (p: Parser) => withTimeZone(p, 'time', 'timetz'),
    interval: (p: Parser) => {
      p.advance();
      if (p.atSymbol('(')) return { name: ['interval'], modifiers: [0x7fff, ...modifiers(p)] };
      return { name: ['interval'], modifiers: intervalFields(p) };
    },
  }),
);

function character(p: Parser): Scalar {
  p.advance();
  const varying = p.accept('varying');
  const written = modifiers(p);
  return varying
    ? { name: ['varchar'], modifiers: written }
    : { name: ['bpchar'], modifiers: written.length > 0 ? written : [1] };
}

function withTimeZone(p: Parser, without: string, withZone: string): Scalar {
  p.advance();
  const written = modifiers(p);
  if (p.accept('with', 'time', 'zone')) return { name: [withZone], modifiers: written };
  p.accept('without', 'time', 'zone');
  return { name: [without], modifiers: written };
}

/**
 * YEAR, DAY TO SECOND(3)… as PostgreSQL's type modifiers: a mask of fields, then the precision of seconds; none when no field is written.
 */
export function intervalFields(p: Parser): number[] {
  const from = INTERVAL_ORDER.indexOf(p.token.keyword);
  if (from < 0) return [];
  p.advance();
  let to = from;
  if (p.at('to') && INTERVAL_ORDER.indexOf(p.peek(1).keyword) > from) {
    p.advance();
    to = INTERVAL_ORDER.indexOf(p.advance().keyword);
    // No interval type spans months and days: their lengths vary.
    if (from < 2 !== to < 2) throw p.syntaxErrorAt(p.index - 1);
  }
  const mask = INTERVAL_ORDER.slice(from, to + 1).reduce(
    (bits, field) => bits | (1 << (INTERVAL_FIELDS[field] ?? 0)),
    0,
  );
  return INTERVAL_ORDER[to] === 'second' ? [mask, ...modifiers(p)] : [mask];
}

/** ( number, … ) behind a type's name. */
function modifiers(p: Parser): number[] {
  if (!p.atSymbol('(')) return [];
  return p.parenthesised(() => p.integer(true));
}

/** [], [3], [][] and ARRAY, ARRAY[3]: bounds mean nothing, as in PostgreSQL. */
function arrayDimensions(p: Parser): number {
  if (p.accept('array')) {
    if (p.acceptSymbol('[')) {
      p.integer();
      p.expectSymbol(']');
    }
    return 1;
  }
  let dimensions = 0;
  while (p.acceptSymbol('[')) {
    if (!p.atSymbol(']')) p.integer();
    p.expectSymbol(']');
    dimensions++;
  }
  return dimensions;
}
