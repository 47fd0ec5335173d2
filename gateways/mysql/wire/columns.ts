import type { ResultColumn } from '#schemas/link/frames.js';
import type { SqlType } from '#schemas/values/type.js';
import { COLLATION_BINARY, COLLATION_UTF8MB4_BIN, FIELD } from './protocol.js';

/** A column as a client is told of it. */
export interface Column {
  readonly name: string;
  readonly type: number;
  readonly collation: number;
  readonly bytesMax: number;
  readonly decimals: number;
  readonly flags: number;
}

type Shape = readonly [type: number, bytesMax: number, decimals: number, flags: number];

/** Decimals of a number that has no fixed place for its point. */
const FLOATING = 31;
const LONG_TEXT = 0xffff_ffff;
const BINARY_FLAG = 0x80;
const NUMBER_FLAG = 0x8000;

/** Types whose values are no text. A boolean is told from a number by the flag of bytes that it lacks. */
const SHAPES: Readonly<Partial<Record<SqlType['kind'], Shape>>> = {
  boolean: [FIELD.tiny, 1, 0, NUMBER_FLAG],
  smallint: [FIELD.short, 6, 0, NUMBER_FLAG],
  integer: [FIELD.long, 11, 0, NUMBER_FLAG],
  oid: [FIELD.longLong, 20, 0, NUMBER_FLAG],
  bigint: [FIELD.longLong, 20, 0, NUMBER_FLAG],
  real: [FIELD.float, 12, FLOATING, NUMBER_FLAG],
  double: [FIELD.double, 22, FLOATING, NUMBER_FLAG],
  date: [FIELD.date, 10, 0, BINARY_FLAG],
  time: [FIELD.time, 15, 6, BINARY_FLAG],
  timestamp: [FIELD.datetime, 26, 6, BINARY_FLAG],
  timestamptz: [FIELD.timestamp, 26, 6, BINARY_FLAG],
};

export function columnOf([name, type]: ResultColumn): Column {
  const shape = SHAPES[type.kind];
  if (shape !== undefined)
    return {
      name,
      type: shape[0],
      collation: COLLATION_BINARY,
      bytesMax: shape[1],
      decimals: shape[2],
      flags: shape[3],
    };
  const text = (field: number, bytesMax: number): Column => ({
    name,
    type: field,
    collation: COLLATION_UTF8MB4_BIN,
    bytesMax,
    decimals: 0,
    flags: 0,
  });
  switch (type.kind) {
    case 'numeric':
      return {
        ...text(FIELD.newDecimal, (type.precision ?? 65) + 2),
        collation: COLLATION_BINARY,
        decimals: type.scale ?? FLOATING,
        flags: NUMBER_FLAG,
      };
    case 'char':
      return text(FIELD.string, 4 * type.length);
    case 'varchar':
      return text(FIELD.varString, type.length === null ? LONG_TEXT : 4 * type.length);
    case 'text':
      return text(FIELD.blob, LONG_TEXT);
    case 'bytea':
      return { ...text(FIELD.blob, LONG_TEXT), collation: COLLATION_BINARY, flags: BINARY_FLAG };
    case 'json':
    case 'jsonb':
      return text(FIELD.json, LONG_TEXT);
    default:
      return text(FIELD.varString, LONG_TEXT);
  }
}

/** A parameter of a prepared statement: clients ask for the number of them only. */
export const PARAMETER: Column = {
  name: '?',
  type: FIELD.varString,
  collation: COLLATION_BINARY,
  bytesMax: 0,
  decimals: 0,
  flags: BINARY_FLAG,
};
