/*
 *   file    = signature flags:int32 extension:int32 bytes { tuple } -1:int16
 *   tuple   = count:int16 { -1:int32 | size:int32 bytes }
 *
 * Bit 16 of flags would announce oids, which nobody writes any more; bits above it are critical and must be zero.
 */
export const BINARY_SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
