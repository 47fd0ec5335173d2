import type { DiskScan } from './level-rows.js';
import type { KeyRange, MaybePromise } from './reading.js';
import type { SortedBlocks } from './sorted-blocks.js';

/** An ordered map of which a part may stand on disk only. */
export interface ScanSource<V> {
  /** What is in memory; for a key that is in both, memory counts. */
  readonly memory: SortedBlocks<V>;
  /** Everything is in memory. */
  readonly resident: boolean;
  /** Grows when entries leave memory for the disk: a walk over the disk that began before does not know them. */
  readonly generation: number;
  openDisk(range: KeyRange, reverse: boolean): DiskScan<V>;
}

/**
 * Walks over a range of an ordered map, batch by batch; changes between the batches do no harm, because it goes on from the last key rather than from a place.
 *
 * The walk does not see a moment: which version of a row counts is the reader's business. It promises that every key that stood there all the time comes exactly once.
 */
export class OrderedScan<V> {
  readonly #source: ScanSource<V>;
  readonly #reverse: boolean;
  #from: string | null;
  #to: string | null;
  #disk: DiskScan<V> | null = null;
  #generation = -1;
  done = false;

  constructor(source: ScanSource<V>, range: KeyRange, reverse: boolean) {
    this.#source = source;
    this.#reverse = reverse;
    this.#from = range.from;
    this.#to = range.to;
  }

  /** Hands up to `limit` entries to `take`. At once when all is in memory; `done` is true when no more can come. */
  next(limit: number, take: (key: string, value: V) => void): MaybePromise<void> {
    if (!this.#source.resident) return this.#merge(limit, take);
    if (this.#disk !== null) this.#closeDisk();
    let seen = 0;
    let last = '';
    this.#memory(this.#from, this.#to, limit, (key, value) => {
      seen++;
      last = key;
      take(key, value);
    });
    if (seen < limit) this.done = true;
    else this.#passed(last);
  }

  close(): void {
    this.done = true;
    this.#closeDisk();
  }

  #memory(from: string | null, to: string | null, limit: number, take: (key: string, value: V) => void): void {
    if (this.#reverse) this.#source.memory.descend(from, to, limit, take);
    else this.#source.memory.ascend(from, to, limit, take);
  }

  /** Everything up to `key` was seen. */
  #passed(key: string): void {
    if (this.#reverse) this.#to = key;
    // The next key after k is k with a zero byte behind it.
    else this.#from = `${key}\0`;
  }

  #closeDisk(): void {
    this.#disk?.close();
    this.#disk = null;
  }

  async #merge(limit: number, take: (key: string, value: V) => void): Promise<void> {
    const half = Math.max(limit >> 1, 1);
    const disk = await this.#filled(half);
    if (disk === null) return this.done ? undefined : this.next(limit, take);
    // What the disk has told reaches to its last item here; memory is taken no further.
    const end = disk.ended ? null : (disk.keys[disk.keys.length - 1] as string);
    const keys: string[] = [];
    const values: V[] = [];
    const collect = (key: string, value: V): void => {
      keys.push(key);
      values.push(value);
    };
    if (this.#reverse) this.#memory(end === null ? this.#from : end, this.#to, half, collect);
    else this.#memory(this.#from, end === null ? this.#to : `${end}\0`, half, collect);
    const full = keys.length === half;
    const bound = full ? (keys[half - 1] as string) : end;
    this.#zip(disk, keys, values, bound, take);
    if (bound === null) this.close();
    else this.#passed(bound);
  }

  /** Hands out both in order, up to `bound` (null = all). */
  #zip(
    disk: DiskScan<V>,
    keys: readonly string[],
    values: readonly V[],
    bound: string | null,
    take: (key: string, value: V) => void,
  ): void {
    let i = 0;
    while (disk.at < disk.keys.length) {
      const key = disk.keys[disk.at] as string;
      if (bound !== null && this.#isBehind(key, bound)) break;
      while (i < keys.length && this.#isBehind(key, keys[i] as string)) {
        take(keys[i] as string, values[i] as V);
        i++;
      }
      if (keys[i] !== key) take(key, disk.values[disk.at] as V);
      disk.at++;
    }
    for (; i < keys.length; i++) take(keys[i] as string, values[i] as V);
  }

  #isBehind(key: string, other: string): boolean {
    return this.#reverse ? key < other : key > other;
  }

  /** The walk over the disk, with something in it or ended. Null when the world changed meanwhile: begin anew. */
  async #filled(count: number): Promise<DiskScan<V> | null> {
    if (this.#disk === null || this.#generation !== this.#source.generation) {
      this.#closeDisk();
      this.#generation = this.#source.generation;
      this.#disk = this.#source.openDisk({ from: this.#from, to: this.#to }, this.#reverse);
    }
    const disk = this.#disk;
    if (disk.at === disk.keys.length && !disk.ended) await disk.fill(count);
    return this.done || this.#source.resident || this.#generation !== this.#source.generation ? null : disk;
  }
}
