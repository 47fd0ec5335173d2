import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { oidOf, typeOfOid } from '#schemas/values/oids.js';
import type { SqlType } from '#schemas/values/type.js';
import { printTypeKind } from '#schemas/values/type-name.js';
import type { SqlArray, Value } from '#schemas/values/value.js';
import type { BinaryReader } from './binary-reader.js';
import type { ByteSink } from './byte-sink.js';

/**
 * array_send's form: int32 count of dimensions (0 for an empty array), int32 1 if a null may follow, int32 oid of the element; for each
 * dimension int32 size and int32 lower bound; then the elements in row order, each int32 length (-1 = NULL) and its own form.
 */
const DIMENSIONS_MAX = 6;
const ELEMENTS_MAX = 134_217_727;

export function encodeArray(
  array: SqlArray,
  elementType: SqlType,
  encode: (value: Value, sink: ByteSink) => void,
  sink: ByteSink,
): void {
  const sizes = dimensionsOf(array);
  sink.int32(sizes.length);
  sink.int32(hasNull(array) ? 1 : 0);
  sink.int32(oidOf(elementType));
  for (const size of sizes) {
    sink.int32(size);
    // Lower bounds are not kept: every array begins at 1.
    sink.int32(1);
  }
  encodeElements(array, encode, sink);
}

function dimensionsOf(array: SqlArray): number[] {
  if (array.length === 0) return [];
  const first = array[0];
  return Array.isArray(first) ? [array.length, ...dimensionsOf(first as SqlArray)] : [array.length];
}

function hasNull(array: SqlArray): boolean {
  return array.some((item) => item === null || (Array.isArray(item) && hasNull(item as SqlArray)));
}

function encodeElements(array: SqlArray, encode: (value: Value, sink: ByteSink) => void, sink: ByteSink): void {
  for (const item of array) {
    if (item === null) {
      sink.int32(-1);
    } else if (Array.isArray(item)) {
      encodeElements(item as SqlArray, encode, sink);
    } else {
      const start = sink.length;
      sink.int32(0);
      encode(item, sink);
      sink.patchInt32(start, sink.length - start - 4);
    }
  }
}

export function decodeArray(
  reader: BinaryReader,
  elementType: SqlType,
  decode: (bytes: Uint8Array) => Value,
): SqlArray {
  const dimensions = reader.int32();
  if (dimensions < 0) throw invalid(`invalid number of dimensions: ${dimensions}`);
  if (dimensions > DIMENSIONS_MAX) {
    throw new SqlError(
      'program_limit_exceeded',
      `number of array dimensions (${dimensions}) exceeds the maximum allowed (${DIMENSIONS_MAX})`,
    );
  }
  const flags = reader.int32();
  if (flags !== 0 && flags !== 1) throw invalid('invalid array flags');
  checkElementType(reader.uint32(), elementType);
  const sizes: number[] = [];
  let total = dimensions === 0 ? 0 : 1;
  for (let i = 0; i < dimensions; i++) {
    const size = reader.int32();
    reader.int32();
    if (size < 0) throw invalid(`invalid array dimension size: ${size}`);
    total *= size;
    sizes.push(size);
  }
  // Each element takes four bytes at least, so a count that the message cannot hold is refused before anything is allocated for it.
  if (total > ELEMENTS_MAX || total * 4 > reader.left) {
    throw new SqlError('protocol_violation', 'insufficient data left in message');
  }
  return total === 0 ? [] : decodeDimension(reader, sizes, 0, decode);
}

function checkElementType(oid: number, elementType: SqlType): void {
  const expected = oidOf(elementType);
  if (oid === expected) return;
  const named = typeOfOid(oid);
  throw new SqlError(
    'datatype_mismatch',
    `binary data has array element type ${oid} (${named === null ? '???' : printTypeKind(named)}) instead of expected ${expected} (${printTypeKind(elementType)})`,
  );
}

function decodeDimension(
  reader: BinaryReader,
  sizes: readonly number[],
  depth: number,
  decode: (bytes: Uint8Array) => Value,
): Value[] {
  const items: Value[] = [];
  for (let i = 0; i < (sizes[depth] as number); i++) {
    if (depth + 1 < sizes.length) {
      items.push(decodeDimension(reader, sizes, depth + 1, decode));
      continue;
    }
    const length = reader.int32();
    if (length < -1) throw new SqlError('protocol_violation', 'insufficient data left in message');
    items.push(length === -1 ? null : decode(reader.bytes(length)));
  }
  return items;
}

function invalid(message: string): SqlError {
  return new SqlError('invalid_binary_representation', message);
}
