import type { StoredRecord } from '../change-log.js';
import { decodeGroup } from './record-frame.js';

/** Kept for followers, so that one which is a little behind need not read the disk. */
const BYTES_MAX = 8 << 20;

interface Group {
  readonly first: number;
  readonly next: number;
  readonly bytes: Buffer;
}

/** The last groups that became durable, kept while anybody follows. Groups are adjacent and ascend. */
export class RecentGroups {
  readonly #groups: Group[] = [];
  #bytes = 0;
  #followers = 0;

  follow(): void {
    this.#followers++;
  }

  unfollow(): void {
    if (--this.#followers > 0) return;
    this.#groups.length = 0;
    this.#bytes = 0;
  }

  /** Takes a copy of the frames in buffer[0, length), records [first, next). */
  add(buffer: Buffer, length: number, first: number, next: number): void {
    if (this.#followers === 0) return;
    const bytes = Buffer.allocUnsafeSlow(length);
    buffer.copy(bytes, 0, 0, length);
    this.#groups.push({ first, next, bytes });
    this.#bytes += length;
    while (this.#bytes > BYTES_MAX && this.#groups.length > 1) {
      this.#bytes -= this.#groups.shift()?.bytes.length ?? 0;
    }
  }

  /** Records from `from` on, as many as stand together; null when they are not kept. */
  from(from: number): StoredRecord[] | null {
    const groups = this.#groups;
    const oldest = groups[0];
    if (oldest === undefined || from < oldest.first) return null;
    let records: StoredRecord[] | null = null;
    for (let i = groups.length - 1; i >= 0; i--) {
      if ((groups[i] as Group).first > from) continue;
      for (let j = i; j < groups.length; j++) {
        const { first, bytes } = groups[j] as Group;
        const decoded = decodeGroup(bytes, first, from);
        records = records === null ? decoded : records.concat(decoded);
      }
      break;
    }
    return records === null || records.length === 0 ? null : records;
  }
}
