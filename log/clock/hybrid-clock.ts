import type { VersionId } from '#schemas/kernel/brand.js';
import type { Clock, Random } from '#schemas/kernel/ports.js';

const RANDOM_POOL_BYTES = 8_192;
const COUNTER_BITS_LOW = 0xfff;
const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/**
 * Mints UUIDv7 (RFC 9562, 5.7), each greater than the one before: 48 bits of Unix milliseconds, a 12-bit counter in
 * rand_a, 62 random bits. When the counter is used up within a millisecond the timestamp runs ahead of the clock, as the
 * RFC's method 1 allows.
 *
 * An id is the canonical text; text of one form compares as the bytes do.
 */
export class VersionMint {
  readonly #clock: Clock;
  readonly #random: Random;
  #pool: Uint8Array = new Uint8Array(0);
  #used = 0;
  #millis: number;
  #counter = 0;
  #prefix = '';

  /** `floorMillis`: ids are minted above it, whatever the clock says: what the log already holds came before. */
  constructor(clock: Clock, random: Random, floorMillis = 0) {
    this.#clock = clock;
    this.#random = random;
    this.#millis = floorMillis;
    // Ids of the floor's own millisecond may stand in the log.
    this.#counter = COUNTER_BITS_LOW;
    this.#setPrefix();
  }

  /** Keeps later ids above `millis`. */
  raiseFloor(millis: number): void {
    if (millis < this.#millis) return;
    this.#millis = millis;
    this.#counter = COUNTER_BITS_LOW;
    this.#setPrefix();
  }

  next(): VersionId {
    // In numbers: dividing a bigint costs more than the rest.
    const now = Math.floor(Number(this.#clock.nowMicros()) / 1_000);
    if (now > this.#millis) {
      this.#millis = now;
      this.#counter = 0;
      this.#setPrefix();
    } else if (++this.#counter > COUNTER_BITS_LOW) {
      this.#millis++;
      this.#counter = 0;
      this.#setPrefix();
    }
    if (this.#used + 8 > this.#pool.length) {
      this.#pool = this.#random.bytes(RANDOM_POOL_BYTES);
      this.#used = 0;
    }
    const p = this.#pool;
    const u = this.#used;
    this.#used = u + 8;
    const c = this.#counter;
    return (this.#prefix +
      HEX[c >> 4]!.slice(0, 2) +
      '0123456789abcdef'[c & 15]! +
      '-' +
      HEX[0x80 | (p[u]! & 0x3f)]! +
      HEX[p[u + 1]!]! +
      '-' +
      HEX[p[u + 2]!]! +
      HEX[p[u + 3]!]! +
      HEX[p[u + 4]!]! +
      HEX[p[u + 5]!]! +
      HEX[p[u + 6]!]! +
      HEX[p[u + 7]!]!) as VersionId;
  }

  #setPrefix(): void {
    const hex = this.#millis.toString(16).padStart(12, '0');
    this.#prefix = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
  }
}

/** Milliseconds in a UUIDv7. */
export function millisOf(id: VersionId): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
