import { crc32 } from 'node:zlib';

/** Where a machine has its time from, in the order of the numbers that stand in a beat. */
export const TIME_SOURCES = [
  'local',
  'gps',
  'ptp-hardware',
  'aws',
  'gcp',
  'azure',
  'ptp-software',
  'chrony',
  'ntpd',
] as const;

export type TimeSource = (typeof TIME_SOURCES)[number];

/** What may be expected of each source, in nanoseconds either way. A machine that nobody synchronises may be off by a second. */
export const EXPECTED_UNCERTAINTY_NS: { readonly [S in TimeSource]: number } = {
  local: 1_000_000_000,
  gps: 100,
  'ptp-hardware': 500,
  aws: 1_000_000,
  gcp: 2_000_000,
  azure: 10_000_000,
  'ptp-software': 1_000_000,
  chrony: 5_000_000,
  ntpd: 10_000_000,
};

/** Bits of a beat's flags. */
export const BEAT_FLAGS = { failover: 1, degraded: 2, gpsLock: 4, resync: 8, maintenance: 16 } as const;

/** What a master of the cluster's time says, twenty times a second. Times and uncertainties in nanoseconds. */
export interface Beat {
  /** Counts up with every beat of one master in one epoch. */
  readonly sequence: number;
  /** Since 1970 UTC. */
  readonly timestamp: bigint;
  /** Bound on the master's own error, as measured. */
  readonly uncertainty: number;
  /** The same, conservatively: about twice as much. */
  readonly uncertaintyMax: number;
  readonly source: TimeSource;
  readonly stratum: number;
  readonly jitter: number;
  /** Drift of the master's clock, parts per billion. */
  readonly wander: number;
  /** Grows with every change of the master: of two masters that know nothing of each other, the higher counts. */
  readonly epoch: number;
  /** 0 = primary, 1 = backup; further ones behind. */
  readonly master: number;
  readonly flags: number;
}

const MAGIC = 0x504c4842;
const VERSION = 1;
const CRC_AT = 64;
const BEAT_BYTES = 68;

/**
 * A beat as one datagram of 68 bytes, big-endian:
 *
 *   0 'PLHB'   4 version u8   5 source u8   6 stratum u8   7 master u8   8 flags u16   10 zero u16   12 wander i32
 *   16 epoch u64   24 sequence u64   32 timestamp i64   40 uncertainty u64   48 greatest uncertainty u64   56 jitter u64
 *   64 CRC-32 (IEEE 802.3) of what stands before
 */
export function encodeBeat(beat: Beat): Buffer {
  const bytes = Buffer.alloc(BEAT_BYTES);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes[4] = VERSION;
  bytes[5] = TIME_SOURCES.indexOf(beat.source);
  bytes[6] = beat.stratum;
  bytes[7] = beat.master;
  bytes.writeUInt16BE(beat.flags, 8);
  bytes.writeInt32BE(beat.wander, 12);
  writeNumber(bytes, beat.epoch, 16);
  writeNumber(bytes, beat.sequence, 24);
  bytes.writeBigInt64BE(beat.timestamp, 32);
  writeNumber(bytes, beat.uncertainty, 40);
  writeNumber(bytes, beat.uncertaintyMax, 48);
  writeNumber(bytes, beat.jitter, 56);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, CRC_AT)), CRC_AT);
  return bytes;
}

/** Null for anything that is no whole beat of this version: datagrams come from whoever sends them. */
export function decodeBeat(given: Uint8Array): Beat | null {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  if (bytes.length !== BEAT_BYTES || bytes.readUInt32BE(0) !== MAGIC || bytes[4] !== VERSION) return null;
  if (bytes.readUInt32BE(CRC_AT) !== crc32(bytes.subarray(0, CRC_AT))) return null;
  const source = TIME_SOURCES[bytes[5] as number];
  const numbers = [16, 24, 40, 48, 56].map((at) => Number(bytes.readBigUInt64BE(at)));
  if (source === undefined || !numbers.every(Number.isSafeInteger)) return null;
  const [epoch, sequence, uncertainty, uncertaintyMax, jitter] = numbers as [number, number, number, number, number];
  return {
    sequence,
    timestamp: bytes.readBigInt64BE(32),
    uncertainty,
    uncertaintyMax,
    source,
    stratum: bytes[6] as number,
    jitter,
    wander: bytes.readInt32BE(12),
    epoch,
    master: bytes[7] as number,
    flags: bytes.readUInt16BE(8),
  };
}

function writeNumber(bytes: Buffer, value: number, at: number): void {
  bytes.writeBigUInt64BE(BigInt(Math.round(value)), at);
}
