import type { Expression, TypeName } from '#schemas/program/expression.js';
import type { ColumnConstraint, ColumnDefinition } from '#schemas/program/statement.js';
import type { Parser } from '../../sql/parser.js';
import { columnType } from './types.js';

/** Integers of MySQL's that are a wider type of the program's with a range: its name, its least and its greatest value. */
type Range = readonly [type: string, least: number, greatest: number | null];

const SIGNED: ReadonlyMap<string, Range> = new Map<string, Range>([
  ['tinyint', ['int2', -128, 127]],
  ['mediumint', ['int4', -8_388_608, 8_388_607]],
]);
const UNSIGNED: ReadonlyMap<string, Range> = new Map<string, Range>([
  ['tinyint', ['int2', 0, 255]],
  ['smallint', ['int4', 0, 65_535]],
  ['mediumint', ['int4', 0, 16_777_215]],
  ['int', ['int8', 0, 4_294_967_295]],
  ['integer', ['int8', 0, 4_294_967_295]],
  // Its upper half does not fit: such a value is out of range, never another one.
  ['bigint', ['int8', 0, null]],
]);

/** A column's type. What it is in MySQL stands in the name of the constraint that holds its range. */
export function rangedType(p: Parser, column: string): Pick<ColumnDefinition, 'type' | 'constraints'> {
  const token = p.ordinal;
  const { keyword } = p.token;
  const ahead = p.atSymbol('(', 1) ? 4 : 1;
  const isUnsigned = p.at('unsigned') || p.peek(ahead).keyword === 'unsigned';
  const range = (isUnsigned ? UNSIGNED : SIGNED).get(keyword);
  if (range === undefined) return { type: columnType(p), constraints: [] };
  p.advance();
  if (p.atSymbol('(')) p.parenthesised(() => p.integer());
  if (!p.accept('unsigned')) p.accept('signed');
  if (p.at('zerofill')) throw p.unsupported('ZEROFILL');
  const [name, least, greatest] = range;
  const type: TypeName = { name: [name], modifiers: [], arrayDimensions: 0, token };
  const shown = `${keyword === 'integer' ? 'int' : keyword}${isUnsigned ? ' unsigned' : ''}`;
  return { type, constraints: [check(column, shown, least, greatest, token)] };
}

function check(column: string, shown: string, least: number, greatest: number | null, token: number): ColumnConstraint {
  const operand: Expression = { kind: 'column', path: [column], token };
  const bound = (value: number): Expression =>
    value === (value | 0)
      ? { kind: 'constant', type: { kind: 'integer' }, value, token }
      : { kind: 'constant', type: { kind: 'bigint' }, value: BigInt(value), token };
  const low = bound(least);
  const expression: Expression =
    greatest === null
      ? { kind: 'operator', symbol: '>=', operands: [operand, low], token }
      : { kind: 'between', negated: false, symmetric: false, operand, low, high: bound(greatest), token };
  const text = greatest === null ? `${column} >= ${least}` : `${column} between ${least} and ${greatest}`;
  return { kind: 'check', name: `${column} is ${shown}`, expression, text, token };
}
