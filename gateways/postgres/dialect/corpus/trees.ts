const constant = (value: unknown): object => ({ kind: 'constant', value });
const column = (...path: string[]): object => ({ kind: 'column', path });
const call = (name: string, ...args: object[]): object => ({ kind: 'call', name: [name], arguments: args });
const operator = (symbol: string, ...operands: object[]): object => ({ kind: 'operator', symbol, operands });
const cast = (operand: object, name: string, modifiers: number[] = []): object => ({
  kind: 'cast',
  operand,
  type: { name: [name], modifiers, arrayDimensions: 0 },
});
const a = column('a');
const b = column('b');

/** Expressions and the tree they stand for, as far as it is given. */
export const TREES: ReadonlyArray<readonly [text: string, tree: object]> = [
  ['A."A"', column('a', 'A')],
  ['-5', constant(-5)],
  ['- -5', constant(5)],
  ['-2147483648', { ...constant(-2147483648), type: { kind: 'integer' } }],
  ['2147483648', { ...constant(2147483648n), type: { kind: 'bigint' } }],
  ['-9223372036854775808', { ...constant(-9223372036854775808n), type: { kind: 'bigint' } }],
  ['-a ^ b', operator('^', operator('-', a), b)],
  ['a + b * 2', operator('+', a, operator('*', b, constant(2)))],
  ['a - b - 1', operator('-', operator('-', a, b), constant(1))],
  ['a || b = b', operator('=', operator('||', a, b), b)],
  ['not a = b', { kind: 'not', operand: operator('=', a, b) }],
  ['a or b and a', { kind: 'or', operands: [a, { kind: 'and', operands: [b, a] }] }],
  ['a = b is null', { kind: 'is', test: 'null', operand: operator('=', a, b) }],
  ['a != b', operator('<>', a, b)],
  ['-a::int', operator('-', cast(a, 'int4'))],
  ["N'a '", cast(constant('a '), 'bpchar')],
  ["nchar 'a '", cast(constant('a '), 'bpchar')],
  ["char(3) 'a '", cast(constant('a '), 'bpchar', [3])],
  ['a::varchar(5)', cast(a, 'varchar', [5])],
  ['a::char', cast(a, 'bpchar', [1])],
  ['a::"char"', cast(a, 'char')],
  ['a::float(24)', cast(a, 'float4')],
  ['a::double precision', cast(a, 'float8')],
  ['a::timestamp(3) with time zone', cast(a, 'timestamptz', [3])],
  ["date '2020-01-01'", cast(constant('2020-01-01'), 'date')],
  ["interval '3' day", cast(constant('3 day'), 'interval', [8])],
  ["interval '1:2' minute to second(3)", cast(constant('1:2'), 'interval', [6144, 3])],
  ['extract(Year from a)', call('extract', constant('year'), a)],
  ["position('x' in a)", call('position', a, constant('x'))],
  ['substring(a for 2)', call('substring', a, constant(1), constant(2))],
  ["trim(leading 'x' from a)", call('ltrim', a, constant('x'))],
  ["a at time zone 'UTC'", call('timezone', constant('UTC'), a)],
  ['a in (1, 2)', { kind: 'in-list', operand: a, list: [constant(1), constant(2)] }],
  ['a not in (select 1)', { kind: 'not', operand: { kind: 'quantified-subquery', symbol: '=', quantifier: 'any' } }],
  ["a not ilike 'x' escape '!'", { kind: 'like', negated: true, caseInsensitive: true, escape: constant('!') }],
  ['a between 1 and 2 and b', { kind: 'and', operands: [{ kind: 'between' }, b] }],
  ['(a).b', { kind: 'field', operand: a, name: 'b' }],
  ["E'\\x41\\u00e4\\n'", constant('Aä\n')],
  ["U&'\\00e4'", constant('ä')],
  ["'it''s'", constant("it's")],
  ["'a'\n  'b'", constant('ab')],
  ['$x$a$$b$x$', constant('a$$b')],
];
