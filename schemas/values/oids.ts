import type { SqlType, TypeKind } from './type.js';
import { arrayOf, TYPES } from './type-name.js';

/** PostgreSQL's object ids, sizes and modifiers of types, as its RowDescription and Parse messages carry them (pg_type.dat). */

type ScalarKind = Exclude<TypeKind, 'array'>;

interface WireType {
  readonly oid: number;
  readonly arrayOid: number;
  /** pg_type.typlen: bytes of a fixed-size type, -1 for a varying one, -2 for a C string. */
  readonly size: number;
}

const WIRE_TYPES: Readonly<Record<ScalarKind, WireType>> = {
  boolean: { oid: 16, arrayOid: 1000, size: 1 },
  bytea: { oid: 17, arrayOid: 1001, size: -1 },
  internalchar: { oid: 18, arrayOid: 1002, size: 1 },
  name: { oid: 19, arrayOid: 1003, size: 64 },
  bigint: { oid: 20, arrayOid: 1016, size: 8 },
  smallint: { oid: 21, arrayOid: 1005, size: 2 },
  integer: { oid: 23, arrayOid: 1007, size: 4 },
  regproc: { oid: 24, arrayOid: 1008, size: 4 },
  text: { oid: 25, arrayOid: 1009, size: -1 },
  oid: { oid: 26, arrayOid: 1028, size: 4 },
  json: { oid: 114, arrayOid: 199, size: -1 },
  real: { oid: 700, arrayOid: 1021, size: 4 },
  double: { oid: 701, arrayOid: 1022, size: 8 },
  // No array of unknown exists: its elements are text.
  unknown: { oid: 705, arrayOid: 1009, size: -2 },
  char: { oid: 1042, arrayOid: 1014, size: -1 },
  varchar: { oid: 1043, arrayOid: 1015, size: -1 },
  date: { oid: 1082, arrayOid: 1182, size: 4 },
  time: { oid: 1083, arrayOid: 1183, size: 8 },
  timestamp: { oid: 1114, arrayOid: 1115, size: 8 },
  timestamptz: { oid: 1184, arrayOid: 1185, size: 8 },
  interval: { oid: 1186, arrayOid: 1187, size: 16 },
  timetz: { oid: 1266, arrayOid: 1270, size: 12 },
  numeric: { oid: 1700, arrayOid: 1231, size: -1 },
  regclass: { oid: 2205, arrayOid: 2210, size: 4 },
  regtype: { oid: 2206, arrayOid: 2211, size: 4 },
  record: { oid: 2249, arrayOid: 2287, size: -1 },
  void: { oid: 2278, arrayOid: 0, size: 4 },
  uuid: { oid: 2950, arrayOid: 2951, size: 16 },
  jsonb: { oid: 3802, arrayOid: 3807, size: -1 },
};

/** Types that clients may name and that Polylog keeps as another: xid, cid, regprocedure, regoper, regnamespace, regrole. */
const STAND_INS: ReadonlyArray<readonly [oid: number, type: SqlType]> = [
  [28, TYPES.oid],
  [29, TYPES.oid],
  [2202, TYPES.regproc],
  [2203, TYPES.regproc],
  [4089, TYPES.oid],
  [4096, TYPES.oid],
];

const BY_OID: ReadonlyMap<number, SqlType> = typesByOid();

function typesByOid(): Map<number, SqlType> {
  const types = new Map<number, SqlType>(STAND_INS);
  for (const [kind, { oid, arrayOid }] of Object.entries(WIRE_TYPES) as Array<[ScalarKind, WireType]>) {
    const type = TYPES[kind];
    types.set(oid, type);
    if (arrayOid !== 0 && kind !== 'unknown') types.set(arrayOid, arrayOf(type));
  }
  return types;
}

const INT2VECTOR = 22;
const OIDVECTOR = 30;

/** The type's oid; of an array, that of its element's array type, however many dimensions it has. */
export function oidOf(type: SqlType): number {
  if (type.kind !== 'array') return WIRE_TYPES[type.kind].oid;
  if (type.vector === true) return type.element.kind === 'smallint' ? INT2VECTOR : OIDVECTOR;
  return type.element.kind === 'array' ? oidOf(type.element) : WIRE_TYPES[type.element.kind].arrayOid;
}

/** pg_type.typlen. */
export function sizeOf(type: SqlType): number {
  return type.kind === 'array' ? -1 : WIRE_TYPES[type.kind].size;
}

/** pg_attribute.atttypmod: -1 without modifiers. Lengths count four bytes more, as if behind a varlena header. */
export function typmodOf(type: SqlType): number {
  switch (type.kind) {
    case 'numeric':
      return type.precision === null ? -1 : ((type.precision << 16) | ((type.scale ?? 0) & 0x7ff)) + 4;
    case 'varchar':
      return type.length === null ? -1 : type.length + 4;
    case 'char':
      return type.length === 0 ? -1 : type.length + 4;
    case 'array':
      return typmodOf(type.element);
    default:
      return -1;
  }
}

/** The type of an oid and a modifier (-1 = none); null for an oid that Polylog has no type for. */
export function typeOfOid(oid: number, typmod = -1): SqlType | null {
  const type = BY_OID.get(oid);
  if (type === undefined) return null;
  return typmod < 4 ? type : withModifier(type, typmod - 4);
}

function withModifier(type: SqlType, modifier: number): SqlType {
  switch (type.kind) {
    case 'numeric':
      // The scale is a signed number of eleven bits.
      return { kind: 'numeric', precision: modifier >>> 16, scale: ((modifier & 0x7ff) ^ 0x400) - 0x400 };
    case 'varchar':
      return { kind: 'varchar', length: modifier };
    case 'char':
      return { kind: 'char', length: modifier };
    case 'array':
      return arrayOf(withModifier(type.element, modifier));
    default:
      return type;
  }
}

/** pg_type.typname of the types that Polylog has, those that clients know by other names included. */
const TYPE_NAMES: Readonly<Record<ScalarKind, string>> = {
  boolean: 'bool',
  bytea: 'bytea',
  internalchar: 'char',
  name: 'name',
  bigint: 'int8',
  smallint: 'int2',
  integer: 'int4',
  regproc: 'regproc',
  text: 'text',
  oid: 'oid',
  json: 'json',
  real: 'float4',
  double: 'float8',
  unknown: 'unknown',
  char: 'bpchar',
  varchar: 'varchar',
  date: 'date',
  time: 'time',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  interval: 'interval',
  timetz: 'timetz',
  numeric: 'numeric',
  regclass: 'regclass',
  regtype: 'regtype',
  record: 'record',
  void: 'void',
  uuid: 'uuid',
  jsonb: 'jsonb',
};

/** A type as pg_type lists it. */
export interface ListedType {
  readonly oid: number;
  readonly arrayOid: number;
  readonly size: number;
  readonly name: string;
  readonly type: SqlType;
}

/** Every scalar type that Polylog has, by oid. */
export const LISTED_TYPES: readonly ListedType[] = (Object.entries(WIRE_TYPES) as Array<[ScalarKind, WireType]>)
  .map(([kind, { oid, arrayOid, size }]) => ({ oid, arrayOid, size, name: TYPE_NAMES[kind], type: TYPES[kind] }))
  .sort((a, b) => a.oid - b.oid);
