import type { Version } from './version.js';

/** How often rows of tables that are not wholly in memory were found in it. */
export interface CacheStatistics {
  hits: number;
  misses: number;
}

/**
 * Rows read from disk, kept while they are in use. Two generations stand in for a list in order of use: a row found in the old one moves to the young one; when the young one
 * is full it becomes the old one, and what was old and never found again is gone. No bookkeeping at a hit in the young one.
 *
 * Holds only rows that are the same on disk, have one version and are not locked.
 */
export class HotRows {
  readonly #statistics: CacheStatistics;
  #young = new Map<string, Version>();
  #old = new Map<string, Version>();
  /** Rows of each generation. */
  limit: number;

  constructor(limit: number, statistics: CacheStatistics) {
    this.limit = limit;
    this.#statistics = statistics;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Version | undefined {
    let found = this.#young.get(key);
    if (found === undefined) {
      found = this.#old.get(key);
      if (found === undefined) {
        this.#statistics.misses++;
        return undefined;
      }
      this.#old.delete(key);
      this.put(found);
    }
    this.#statistics.hits++;
    return found;
  }

  put(version: Version): void {
    this.#young.set(version.key, version);
    if (this.#young.size < this.limit) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  delete(key: string): void {
    if (!this.#young.delete(key)) this.#old.delete(key);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }
}
