/** Where binary forms are written: big-endian, growing. A message writer implements it so that values need no buffer of their own. */
export interface ByteSink {
  /** Bytes written so far. */
  readonly length: number;
  byte(value: number): void;
  int16(value: number): void;
  int32(value: number): void;
  int64(value: bigint): void;
  float(value: number): void;
  double(value: number): void;
  bytes(value: Uint8Array): void;
  /** The text's UTF-8 bytes, without length or terminator. */
  text(value: string): void;
  /** Overwrites four bytes written earlier: a length that was not known before. */
  patchInt32(at: number, value: number): void;
}
