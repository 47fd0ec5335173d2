import type { DatabaseBatch, DatabaseIterator, DatabaseRange, RowDatabase } from '#engines/rows/row-database.js';
import type { Actor, Choice } from './scheduler.js';
import type { SeededRandom } from './seeded-random.js';

/** Null = the key goes. */
type Change = readonly [key: string, value: Buffer | null];

interface Written {
  readonly changes: readonly Change[];
  /** It survives a crash; what was written before perhaps not: LevelDB may have begun another log file since. */
  readonly synced: boolean;
}

/**
 * The disk of one machine, as LevelDB keeps rows on it. Writes take as long as the scheduler likes. A crash leaves what is durable, and of what was written behind that as much as had
 * reached the disk, in order.
 */
export class SimulatedDisk implements Actor {
  readonly #random: SeededRandom;
  #durable = new Map<string, Buffer>();
  #unsynced: Written[] = [];
  #now = new Map<string, Buffer>();
  #writing: Array<() => void> = [];
  /** Bug on purpose: what was written before a checkpoint is not made durable. */
  syncsNothing = false;
  /** Its machine runs a process. */
  inUse = false;
  /** Of that process. */
  name = '';

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** The process that has the database open is gone, and perhaps the whole machine: then what was not synced may be, too. */
  crash(): void {
    this.inUse = false;
    this.#writing = [];
    const kept = this.#random.chance(0.5) ? this.#unsynced.length : this.#random.below(this.#unsynced.length + 1);
    this.#unsynced.forEach(({ changes, synced }, i) => {
      if (i < kept || synced) change(this.#durable, changes);
    });
    this.#unsynced = [];
    this.#now = new Map(this.#durable);
  }

  choices(): readonly Choice[] {
    const [next] = this.#writing;
    if (next === undefined) return [];
    const run = (): void => {
      this.#writing.shift();
      next();
    };
    return [{ name: `${this.name}: its disk has written`, weight: 6, run }];
  }

  /** For a process that begins. */
  open(name: string): RowDatabase {
    this.inUse = true;
    this.name = name;
    return {
      get: (key) => Promise.resolve(this.#now.get(textOf(key))),
      getSync: (key) => this.#now.get(textOf(key)),
      iterator: (options) => this.#iterator(options),
      batch: () => this.#batch(),
      del: (key, { sync }) => this.#write([[textOf(key), null]], sync),
      clear: (range = {}) =>
        this.#write(
          this.#keysIn(range).map((key) => [key, null] as const),
          false,
        ),
      compactRange: () =>
        this.#afterWriting(() => {
          if (this.syncsNothing) return;
          for (const { changes } of this.#unsynced.splice(0)) change(this.#durable, changes);
        }),
      close: () => Promise.resolve(),
    };
  }

  #write(changes: readonly Change[], sync: boolean): Promise<void> {
    return this.#afterWriting(() => {
      change(this.#now, changes);
      this.#unsynced.push({ changes, synced: sync });
    });
  }

  #afterWriting(done: () => void): Promise<void> {
    return new Promise((resolve) =>
      this.#writing.push(() => {
        done();
        resolve();
      }),
    );
  }

  #batch(): DatabaseBatch {
    const changes: Change[] = [];
    return {
      put: (key, value) => changes.push([textOf(key), Buffer.from(value)]),
      del: (key) => changes.push([textOf(key), null]),
      write: ({ sync }) => this.#write(changes, sync),
      close: () => Promise.resolve(),
    };
  }

  #keysIn({ gte, lt }: DatabaseRange): string[] {
    const from = gte === undefined ? '' : textOf(gte);
    const to = lt === undefined ? null : textOf(lt);
    return [...this.#now.keys()].filter((key) => key >= from && (to === null || key < to)).sort();
  }

  #iterator(options: DatabaseRange & { readonly reverse: boolean }): DatabaseIterator {
    const keys = this.#keysIn(options);
    if (options.reverse) keys.reverse();
    const entries = keys.map((key): [Buffer, Buffer] => [Buffer.from(key, 'latin1'), this.#now.get(key) as Buffer]);
    return {
      nextv: (count) => Promise.resolve(entries.splice(0, count)),
      close: () => Promise.resolve(),
    };
  }
}

function textOf(key: Buffer): string {
  return key.toString('latin1');
}

function change(map: Map<string, Buffer>, changes: readonly Change[]): void {
  for (const [key, value] of changes) {
    if (value === null) map.delete(key);
    else map.set(key, value);
  }
}
