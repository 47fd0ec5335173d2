import { SqlError } from '../sqlstate/sql-error.js';

/**
 * The Confluent wire format: one zero byte, the schema's id as a big-endian 32-bit integer, then the Avro binary body.
 */
export const WIRE_HEADER_BYTES = 5;

/** Writes the header at `position`. */
export function writeWireHeader(buffer: Buffer, position: number, schemaId: number): void {
  buffer[position] = 0;
  buffer.writeUInt32BE(schemaId, position + 1);
}

/** Whether a value has the header. */
export function isFramed(value: Uint8Array): boolean {
  return value.length >= WIRE_HEADER_BYTES && value[0] === 0;
}

/** The schema id of a framed value. Throws data_corrupted when the header is not there. */
export function readSchemaId(value: Uint8Array): number {
  if (!isFramed(value)) {
    throw new SqlError('data_corrupted', 'a log record does not begin with the schema-registry header (0, schema id)');
  }
  return (
    (((value[1] as number) << 24) |
      ((value[2] as number) << 16) |
      ((value[3] as number) << 8) |
      (value[4] as number)) >>>
    0
  );
}
