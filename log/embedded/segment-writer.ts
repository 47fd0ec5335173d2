import type { Done, LogDisk } from './log-disk.js';

/** Zeros that are written ahead at once. Writing over them is a third quicker than making the file longer. */
const AHEAD_BYTES = 4 << 20;
/** When fewer than these are left, more are written. */
const AHEAD_LEFT_BYTES = 1 << 20;
const ZEROS = Buffer.alloc(AHEAD_BYTES);

/**
 * Writes to the end of one segment file, and keeps zeros written ahead of it.
 *
 * Owns the descriptor and the place of the end. Invariants: everything before `position` is durable; behind it stand
 * zeros, or what a write left that has not been answered. The caller has one `append` or `cut` under way at a time.
 */
export class SegmentWriter {
  readonly #disk: LogDisk;
  readonly #fd: number;
  readonly #bytesMax: number;
  #position: number;
  /** The file reaches to here. */
  #allocated: number;
  #allocating = false;
  #afterAllocation: (() => void) | null = null;

  constructor(disk: LogDisk, fd: number, position: number, bytesMax: number) {
    this.#disk = disk;
    this.#fd = fd;
    this.#position = position;
    this.#allocated = position;
    this.#bytesMax = bytesMax;
    this.#allocate();
  }

  /** Durable bytes. */
  get position(): number {
    return this.#position;
  }

  /** Writes bytes[0, length) behind the end; done when they are durable. */
  append(bytes: Buffer, length: number, done: Done): void {
    if (this.#allocating && this.#position + length > this.#allocated) {
      this.#afterAllocation = () => this.append(bytes, length, done);
      return;
    }
    this.#disk.write(this.#fd, bytes, 0, length, this.#position, (error) => {
      if (error === null) {
        this.#position += length;
        if (this.#allocated < this.#position) this.#allocated = this.#position;
        if (this.#allocated - this.#position < AHEAD_LEFT_BYTES) this.#allocate();
      }
      done(error);
    });
  }

  /** Removes whatever stands behind the end. */
  cut(done: Done): void {
    if (this.#allocating) {
      this.#afterAllocation = () => this.cut(done);
      return;
    }
    this.#disk.truncate(this.#fd, this.#position, (error) => {
      if (error === null) this.#allocated = this.#position;
      done(error);
    });
  }

  /** Cuts off the zeros and closes the file. */
  close(done: Done): void {
    this.cut((error) => this.#disk.close(this.#fd, (closeError) => done(error ?? closeError)));
  }

  #allocate(): void {
    const from = this.#allocated;
    const to = Math.min(from + AHEAD_BYTES, this.#bytesMax);
    if (this.#allocating || to <= from) return;
    this.#allocating = true;
    this.#disk.write(this.#fd, ZEROS, 0, to - from, from, (error) => {
      this.#allocating = false;
      // Without zeros ahead it works as well: whether the disk is really full, the next append will see.
      if (error === null) this.#allocated = to;
      const after = this.#afterAllocation;
      this.#afterAllocation = null;
      after?.();
    });
  }
}
