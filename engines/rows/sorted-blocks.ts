/**
 * An ordered map from binary strings: sorted blocks under one array of their first keys. Two binary searches find a key; a block holds enough
 * that the upper array stays short, and little enough that inserting into it moves few pointers.
 *
 * Positions are not kept across changes: a reader comes back with the last key it saw.
 */
const BLOCK_MAX = 256;

interface Block<V> {
  keys: string[];
  values: V[];
}

export class SortedBlocks<V> {
  #blocks: Array<Block<V>> = [];
  /** First key of each block, in an array of its own: the upper search touches nothing else. */
  #firsts: string[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    const at = this.#blockOf(key);
    if (at < 0) return undefined;
    const block = this.#blocks[at] as Block<V>;
    const i = lowerBound(block.keys, key);
    return block.keys[i] === key ? block.values[i] : undefined;
  }

  set(key: string, value: V): void {
    if (this.#blocks.length === 0) {
      this.#blocks.push({ keys: [key], values: [value] });
      this.#firsts.push(key);
      this.#size = 1;
      return;
    }
    const at = Math.max(this.#blockOf(key), 0);
    const block = this.#blocks[at] as Block<V>;
    const { keys, values } = block;
    // Ascending loads append to the last block.
    const i = key > (keys[keys.length - 1] as string) ? keys.length : lowerBound(keys, key);
    if (keys[i] === key) {
      values[i] = value;
      return;
    }
    this.#size++;
    if (i === keys.length) {
      if (keys.length >= BLOCK_MAX && at === this.#blocks.length - 1) {
        this.#blocks.push({ keys: [key], values: [value] });
        this.#firsts.push(key);
        return;
      }
      keys.push(key);
      values.push(value);
    } else {
      keys.splice(i, 0, key);
      values.splice(i, 0, value);
      if (i === 0) this.#firsts[at] = key;
    }
    if (keys.length > BLOCK_MAX) this.#split(at, block);
  }

  delete(key: string): boolean {
    const at = this.#blockOf(key);
    if (at < 0) return false;
    const block = this.#blocks[at] as Block<V>;
    const i = lowerBound(block.keys, key);
    if (block.keys[i] !== key) return false;
    this.#size--;
    if (block.keys.length === 1) {
      this.#blocks.splice(at, 1);
      this.#firsts.splice(at, 1);
      return true;
    }
    block.keys.splice(i, 1);
    block.values.splice(i, 1);
    if (i === 0) this.#firsts[at] = block.keys[0] as string;
    return true;
  }

  clear(): void {
    this.#blocks = [];
    this.#firsts = [];
    this.#size = 0;
  }

  /** Up to `limit` entries with from <= key < to, ascending (null = open), handed to `take`. */
  ascend(from: string | null, to: string | null, limit: number, take: (key: string, value: V) => void): void {
    let at = from === null ? 0 : Math.max(this.#blockOf(from), 0);
    let left = limit;
    for (; at < this.#blocks.length && left > 0; at++) {
      const { keys, values } = this.#blocks[at] as Block<V>;
      let i = from === null || (keys[0] as string) >= from ? 0 : lowerBound(keys, from);
      for (; i < keys.length && left > 0; i++, left--) {
        const key = keys[i] as string;
        if (to !== null && key >= to) return;
        take(key, values[i] as V);
      }
    }
  }

  /** Up to `limit` entries with from <= key < to, descending. */
  descend(from: string | null, to: string | null, limit: number, take: (key: string, value: V) => void): void {
    let at = to === null ? this.#blocks.length - 1 : this.#blockOf(to);
    let left = limit;
    for (; at >= 0 && left > 0; at--) {
      const { keys, values } = this.#blocks[at] as Block<V>;
      let i = (to === null || (keys[keys.length - 1] as string) < to ? keys.length : lowerBound(keys, to)) - 1;
      for (; i >= 0 && left > 0; i--, left--) {
        const key = keys[i] as string;
        if (from !== null && key < from) return;
        take(key, values[i] as V);
      }
    }
  }

  #split(at: number, block: Block<V>): void {
    const middle = block.keys.length >> 1;
    const keys = block.keys.splice(middle);
    const values = block.values.splice(middle);
    this.#blocks.splice(at + 1, 0, { keys, values });
    this.#firsts.splice(at + 1, 0, keys[0] as string);
  }

  /** The last block whose first key is at most `key`; -1 when all are greater. */
  #blockOf(key: string): number {
    const firsts = this.#firsts;
    let low = 0;
    let high = firsts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((firsts[middle] as string) <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Index of the first key that is at least `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
