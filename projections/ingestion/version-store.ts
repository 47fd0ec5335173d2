import { rmSync, statfsSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { ObjectId, Offset, VersionId } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { type Checkpoint, ProjectionDamaged, type SourcedVersion } from '../runner/projection.js';
import { damageOfDataFile, lengthenDataFile } from './data-file.js';
import {
  fitsKey,
  idKey,
  isSameRow,
  offsetOfKey,
  offsetOfTime,
  rowKeyOf,
  tableOfKey,
  tableStart,
  timeKey,
  versionKey,
} from './version-key.js';

/** A version as it is kept: what stands in the log, under the row's key and the offset of its commit. */
export interface KeptVersion {
  readonly rowKey: string;
  /** Of the commit record. */
  readonly offset: Offset;
  /** The log record's value. */
  readonly source: Buffer;
}

/*
 *   value = crc32:uint32 body      of the body: LMDB does not notice bytes that have changed on the disk
 *   body  = 0x00 source | 0x01 length:uint32 row-key source (where the key is too short for it)
 */
const CRC_BYTES = 4;
const KEY_OUTSIDE = 0;
const KEY_INSIDE = 1;

const CHECKPOINT = Buffer.from('checkpoint');
const NEWEST_TIME = Buffer.from('newest-time');
const FLOOR = Buffer.from('floor');
/** Versions dropped in one transaction: what is written meanwhile waits for it. */
const VERSIONS_PER_PIECE = 2_000;
const FORMAT = 1;
/** A write that has failed leaves what there was of room taken, and little of it over. */
const FULL_BELOW_BYTES = 1 << 20;
const MAP_BYTES_MAX = 2 ** 40;

type Bytes = Database<Buffer, Buffer>;

interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** What a version itself says. */
export interface Read {
  readonly id: VersionId;
  /** Its row was there with it, in a table that was there. */
  readonly isThere: boolean;
}

/**
 * All versions of all rows in one LMDB environment: by table, row and offset; by version id; commits by time. Writes of one transaction are there all or not at all.
 */
export class VersionStore {
  readonly #folder: string;
  #root: RootDatabase<Buffer, Buffer>;
  #versions: Bytes;
  #ids: Bytes;
  #times: Bytes;
  /** Why the files that were there could not be opened; they are gone then. */
  #damage: string | null;
  /** Of the data file, after the last commit. */
  #fileBytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
    this.#damage = damageOfDataFile(folder);
    if (this.#damage !== null) rmSync(folder, { recursive: true, force: true });
    this.#root = openRoot(folder);
    this.#versions = this.#part('versions');
    this.#ids = this.#part('ids');
    this.#times = this.#part('times');
  }

  #part(name: string): Bytes {
    return this.#root.openDB<Buffer, Buffer>({ name, keyEncoding: 'binary', encoding: 'binary' });
  }

  /** Null when nothing was written yet. Throws ProjectionDamaged. */
  checkpoint(): Checkpoint | null {
    if (this.#damage !== null) throw new ProjectionDamaged(this.#damage);
    const bytes = this.#root.get(CHECKPOINT);
    if (bytes === undefined) return null;
    try {
      const { format, ...checkpoint } = JSON.parse(bytes.toString()) as Checkpoint & { format: number };
      if (format === FORMAT) return checkpoint;
    } catch (error) {
      throw new ProjectionDamaged(`the checkpoint in ${this.#folder} cannot be read`, { cause: error });
    }
    throw new ProjectionDamaged(`the versions in ${this.#folder} are of another format`);
  }

  /** Runs `write`, whose puts become durable together with the checkpoint. */
  async commit(checkpoint: Checkpoint, write: () => void): Promise<void> {
    const all = (): void => {
      write();
      this.#root.putSync(CHECKPOINT, Buffer.from(JSON.stringify({ format: FORMAT, ...checkpoint })));
    };
    try {
      await this.#root.transaction(all);
      this.#fileBytes = lengthenDataFile(this.#folder, this.#fileBytes);
    } catch (error) {
      const cause = await causeOf(error);
      if (/MDB_(CORRUPTED|PAGE_NOTFOUND|PANIC|INVALID)/.test(String(cause)))
        throw new ProjectionDamaged(`the pages of ${this.#folder} are damaged: ${cause}`, { cause });
      const { bavail, bsize } = statfsSync(this.#folder);
      // LMDB says of a full disk no more than that a write was too short.
      const why = bavail * bsize < FULL_BELOW_BYTES ? 'its disk is full' : String(cause);
      throw new Error(`${this.#folder} cannot be written: ${why}`, { cause });
    }
  }

  /** False when the version is there already. Within `commit`. */
  put(event: SourcedVersion, offset: Offset): boolean {
    const id = idKey(event.version);
    if (this.#ids.doesExist(id)) return false;
    const key = versionKey(event.table, event.key, offset, event.sequence);
    this.#versions.putSync(key, encoded(event));
    this.#ids.putSync(id, key);
    return true;
  }

  /**
   * Notes when commits took place, in log order. Times that go back are held at the newest so far: whoever asks for a moment gets a prefix of the log. Within `commit`.
   */
  putTimes(commits: Iterable<{ readonly timestamp: number; readonly offset: Offset }>): void {
    let newest = this.#root.get(NEWEST_TIME)?.readDoubleBE() ?? 0;
    for (const { timestamp, offset } of commits) {
      newest = Math.max(newest, timestamp);
      this.#times.putSync(timeKey(newest, offset), NOTHING);
    }
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleBE(newest);
    this.#root.putSync(NEWEST_TIME, bytes);
  }

  /** The snapshot that sees everything committed until `micros`. */
  snapshotAt(micros: number): Offset {
    const last = timeKey(micros, Number.MAX_SAFE_INTEGER as Offset);
    for (const key of this.#times.getKeys({ start: last, reverse: true, limit: 1 }))
      return (offsetOfTime(key) + 1) as Offset;
    return 0 as Offset;
  }

  /** The version of one row that a snapshot sees, a deletion too; null when there is none. */
  get(table: ObjectId, rowKey: string, snapshot: Offset): KeptVersion | null {
    if (snapshot === 0) return null;
    const start = versionKey(table, rowKey, (snapshot - 1) as Offset, 0xffff_ffff);
    for (const { key, value } of this.#versions.getRange({ start, reverse: true, limit: 1 }))
      return isSameRow(key, start) ? kept(key, value) : null;
    return null;
  }

  /** The version with this id; null when there is none. */
  byId(id: VersionId): KeptVersion | null {
    const key = this.#ids.get(idKey(id));
    const value = key === undefined ? undefined : this.#versions.get(key);
    return key === undefined || value === undefined ? null : kept(key, value);
  }

  /** Of each row of a table, in the order of their keys, the version that a snapshot sees; deletions too. */
  *newest(table: ObjectId, snapshot: Offset): Iterable<KeptVersion> {
    let found: { readonly key: Buffer; readonly value: Buffer } | null = null;
    for (const entry of this.#range(table)) {
      if (found !== null && !isSameRow(found.key, entry.key)) {
        yield kept(found.key, found.value);
        found = null;
      }
      if (offsetOfKey(entry.key) < snapshot) found = entry;
    }
    if (found !== null) yield kept(found.key, found.value);
  }

  /** All versions of one row, oldest first. */
  *allOf(table: ObjectId, rowKey: string): Iterable<KeptVersion> {
    const start = versionKey(table, rowKey, 0 as Offset, 0);
    for (const { key, value } of this.#versions.getRange({ start })) {
      if (!isSameRow(key, start)) return;
      yield kept(key, value);
    }
  }

  /** All versions of a table: rows in the order of their keys, each oldest first. */
  *all(table: ObjectId): Iterable<KeptVersion> {
    for (const { key, value } of this.#range(table)) yield kept(key, value);
  }

  #range(table: ObjectId): Iterable<{ readonly key: Buffer; readonly value: Buffer }> {
    return this.#versions.getRange({ start: tableStart(table), end: tableStart(table + 1) });
  }

  /** The moment before which not everything is kept any more, microseconds since 1970; 0 = everything is. */
  get floor(): number {
    return this.#root.get(FLOOR)?.readDoubleBE() ?? 0;
  }

  /**
   * Drops what no snapshot from `snapshot` on sees: versions that were replaced below it, and the last ones of rows that were not there then, which `read` tells. Answers with
   * the number of versions dropped. In pieces, so that the log is followed meanwhile; what breaks off is done again.
   */
  async prune(
    floorMicros: number,
    snapshot: Offset,
    read: (table: ObjectId, version: KeptVersion) => Read,
  ): Promise<number> {
    const floor = Buffer.allocUnsafe(8);
    floor.writeDoubleBE(Math.max(floorMicros, this.floor));
    // First: from here on nobody is answered who asks for more.
    await this.#root.put(FLOOR, floor);
    let dropped = 0;
    let doomed: Entry[] = [];
    const drop = async (): Promise<void> => {
      const entries = doomed;
      doomed = [];
      dropped += entries.length;
      await this.#root.transaction(() => {
        for (const { key, value } of entries) {
          this.#ids.removeSync(idKey(read(tableOfKey(key), kept(key, value)).id));
          this.#versions.removeSync(key);
        }
      });
    };
    let below: Entry | null = null;
    const isUnseen = (last: Entry, next: Entry | null): boolean =>
      next !== null && isSameRow(last.key, next.key)
        ? offsetOfKey(next.key) < snapshot
        : !read(tableOfKey(last.key), kept(last.key, last.value)).isThere;
    for (const entry of this.#versions.getRange({})) {
      if (below !== null && isUnseen(below, entry)) doomed.push(below);
      below = offsetOfKey(entry.key) < snapshot ? entry : null;
      if (doomed.length >= VERSIONS_PER_PIECE) await drop();
    }
    if (below !== null && isUnseen(below, null)) doomed.push(below);
    await drop();
    return dropped;
  }

  /** Versions kept, of all tables. */
  get size(): number {
    return (this.#versions.getStats() as { entryCount: number }).entryCount;
  }

  /** Forgets everything. */
  async drop(): Promise<void> {
    await this.#root.close();
    rmSync(this.#folder, { recursive: true, force: true });
    this.#damage = null;
    this.#fileBytes = 0;
    this.#root = openRoot(this.#folder);
    this.#versions = this.#part('versions');
    this.#ids = this.#part('ids');
    this.#times = this.#part('times');
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}

const NOTHING = Buffer.alloc(0);

/** What lmdb's error of a failed commit stands for: it tells that by a promise of its own. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!isCommitFailure(error)) return error;
  const told = error.commitError.then(
    () => error,
    (cause: unknown) => cause,
  );
  return Promise.race([told, nextTurn(error)]);
}

/** When a commit fails, lmdb also rejects promises that nobody was given. Whoever committed is told all the same. */
export function isCommitFailure(error: unknown): error is Error & { readonly commitError: Promise<unknown> } {
  return error instanceof Error && 'commitError' in error && error.commitError instanceof Promise;
}

function openRoot(path: string): RootDatabase<Buffer, Buffer> {
  return open<Buffer, Buffer>({
    path,
    maxDbs: 4,
    mapSize: MAP_BYTES_MAX,
    keyEncoding: 'binary',
    encoding: 'binary',
  });
}

function encoded({ key, source }: SourcedVersion): Buffer {
  const isOutside = fitsKey(key);
  const head = CRC_BYTES + (isOutside ? 1 : 5 + key.length);
  const value = Buffer.allocUnsafe(head + source.length);
  value[CRC_BYTES] = isOutside ? KEY_OUTSIDE : KEY_INSIDE;
  if (!isOutside) {
    value.writeUInt32BE(key.length, CRC_BYTES + 1);
    value.write(key, CRC_BYTES + 5, 'latin1');
  }
  value.set(source, head);
  value.writeUInt32BE(crc32(value.subarray(CRC_BYTES)), 0);
  return value;
}

/** Throws data_corrupted for a value that is not as it was written. */
function kept(key: Buffer, value: Buffer): KeptVersion {
  const offset = offsetOfKey(key);
  const body = value.subarray(CRC_BYTES);
  if (value.length <= CRC_BYTES || crc32(body) !== value.readUInt32BE(0)) {
    throw new SqlError('data_corrupted', `the ingestion tier's version of a row from offset ${offset} is damaged`, {
      hint: 'Run polylog projection rebuild ingestion.',
    });
  }
  if (body[0] === KEY_OUTSIDE) return { rowKey: rowKeyOf(key), offset, source: body.subarray(1) };
  const end = 5 + body.readUInt32BE(1);
  return { rowKey: body.toString('latin1', 5, end), offset, source: body.subarray(end) };
}
