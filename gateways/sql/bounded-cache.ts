interface Entry<V> {
  readonly value: V;
  readonly bytes: number;
  /** Read since the last time the cache looked for something to drop. */
  recent: boolean;
}

/**
 * A cache bounded by entries and bytes. It drops in order of age, but gives what was read since its last look a second chance: a hit writes one flag and
 * moves nothing, unlike strict least-recently-used order.
 */
export class BoundedCache<V> {
  private readonly entries = new Map<string, Entry<V>>();
  private readonly entriesMax: number;
  private readonly bytesMax: number;
  private bytes = 0;

  constructor(entriesMax: number, bytesMax: number) {
    this.entriesMax = entriesMax;
    this.bytesMax = bytesMax;
  }

  get size(): number {
    return this.entries.size;
  }

  get byteSize(): number {
    return this.bytes;
  }

  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    entry.recent = true;
    return entry.value;
  }

  /** Keeps `value`, which holds about `bytes`; what is larger than a tenth of the cache is not kept. */
  set(key: string, value: V, bytes: number): void {
    this.delete(key);
    if (bytes > this.bytesMax / 10) return;
    this.entries.set(key, { value, bytes, recent: false });
    this.bytes += bytes;
    while (this.entries.size > this.entriesMax || this.bytes > this.bytesMax) this.dropOne();
  }

  clear(): void {
    this.entries.clear();
    this.bytes = 0;
  }

  private delete(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.bytes -= entry.bytes;
  }

  private dropOne(): void {
    for (const [key, entry] of this.entries) {
      if (!entry.recent) return this.delete(key);
      entry.recent = false;
      // Moves it behind all others: the loop meets it again only after them.
      this.entries.delete(key);
      this.entries.set(key, entry);
    }
  }
}
