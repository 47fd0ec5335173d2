import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { type Checkpoint, parseCheckpoint, printCheckpoint } from './checkpoint.js';
import type { KeyRange } from './reading.js';
import { RowDecoder, RowEncoder } from './row-codec.js';
import type { DatabaseBatch, DatabaseIterator, RowDatabase } from './row-database.js';
import { damageOf, removeStore } from './store-damage.js';
import { SETTLED, Version } from './version.js';

/**
 * Rows and index entries on disk, in LevelDB. The disk holds one state of each live row: that of the last checkpoint, or, between a crash and the next checkpoint, that or a
 * later one (row and entries always of the same moment). Rows of system tables are always those of the last checkpoint. It never holds anything undecided.
 *
 *   'c'                               → checkpoint
 *   'r' table(4) row key              → row (row-codec.ts)
 *   'x' index(4) columns row key      → length of the columns (4)
 *   'u' index(4) columns              → row key: only for unique indexes and columns without null
 */
export class LevelRows {
  readonly #db: RowDatabase;
  readonly #decoder = new RowDecoder();

  constructor(db: RowDatabase) {
    this.#db = db;
  }

  /** Opens what is in `folder`, or makes it. Throws StoreDamaged when LevelDB cannot make sense of it. */
  static async open(folder: string): Promise<LevelRows> {
    // LevelDB would begin anew and take up the log file that it finds: a checkpoint without what it speaks of.
    if (!(await isThere(join(folder, 'CURRENT')))) await removeStore(folder);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const db = new ClassicLevel<Buffer, Buffer>(folder, {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
      cacheSize: 64 << 20,
      writeBufferSize: 32 << 20,
      maxFileSize: 16 << 20,
    });
    try {
      await db.open();
    } catch (error) {
      throw damageOf(error) ?? error;
    }
    return new LevelRows(db);
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  async checkpoint(): Promise<Checkpoint | null> {
    const bytes = await this.#db.get(CHECKPOINT_KEY);
    return bytes === undefined ? null : parseCheckpoint(bytes);
  }

  /**
   * Makes everything written so far durable, and then what `last` holds together with the checkpoint. A synced write alone is not enough: LevelDB does not sync a log file
   * that it has already rotated.
   */
  async writeCheckpoint(checkpoint: Checkpoint, last: DiskBatch): Promise<void> {
    await this.#db.compactRange(END, END);
    last.putCheckpoint(checkpoint);
    await last.commit({ sync: true });
  }

  /** Forgets everything: the log will tell it anew. */
  async wipe(): Promise<void> {
    await this.#db.del(CHECKPOINT_KEY, { sync: true });
    await this.#db.clear();
  }

  row(table: ObjectId, key: string): Version | null {
    const bytes = this.#db.getSync(diskKey(ROW, table, key));
    return bytes === undefined ? null : this.#version(key, bytes);
  }

  /** Key of the row that has these columns in a unique index. */
  uniqueOwner(index: ObjectId, columns: string): string | null {
    return this.#db.getSync(diskKey(UNIQUE, index, columns))?.toString('latin1') ?? null;
  }

  rows(table: ObjectId, range: KeyRange, reverse: boolean): DiskScan<Version> {
    return new DiskScan(this.#iterate(ROW, table, range, reverse), (key, value) => this.#version(key, value));
  }

  /** Entries of an index, each with the key of its row. */
  entries(index: ObjectId, range: KeyRange, reverse: boolean): DiskScan<string> {
    return new DiskScan(this.#iterate(ENTRY, index, range, reverse), (entry, value) =>
      entry.slice(value.readUInt32BE(0)),
    );
  }

  write(): DiskBatch {
    return new DiskBatch(this.#db.batch());
  }

  async clearTable(table: ObjectId): Promise<void> {
    await this.#db.clear({ gte: diskKey(ROW, table, ''), lt: diskKey(ROW, nextId(table), '') });
  }

  async clearIndex(index: ObjectId): Promise<void> {
    for (const kind of [ENTRY, UNIQUE])
      await this.#db.clear({ gte: diskKey(kind, index, ''), lt: diskKey(kind, nextId(index), '') });
  }

  #version(key: string, bytes: Buffer): Version {
    return new Version(key, this.#decoder.id(bytes), this.#decoder.row(bytes), SETTLED, 0, null, false);
  }

  #iterate(kind: number, object: ObjectId, { from, to }: KeyRange, reverse: boolean): DatabaseIterator {
    return this.#db.iterator({
      gte: diskKey(kind, object, from ?? ''),
      lt: to === null ? diskKey(kind, nextId(object), '') : diskKey(kind, object, to),
      reverse,
      fillCache: false,
      highWaterMarkBytes: 256 << 10,
    });
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

const CHECKPOINT = 0x63;
const ROW = 0x72;
const ENTRY = 0x78;
const UNIQUE = 0x75;
const CHECKPOINT_KEY = Buffer.from([CHECKPOINT]);
/** Behind every key. */
const END = Buffer.from([0xff]);
const PREFIX_BYTES = 5;

function diskKey(kind: number, object: ObjectId, key: string): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + key.length);
  bytes[0] = kind;
  bytes.writeUInt32BE(object, 1);
  bytes.write(key, PREFIX_BYTES, 'latin1');
  return bytes;
}

function nextId(id: ObjectId): ObjectId {
  return (id + 1) as ObjectId;
}

/** Writes that become visible together. */
export class DiskBatch {
  readonly #batch: DatabaseBatch;
  readonly #encoder = ENCODER;
  size = 0;

  constructor(batch: DatabaseBatch) {
    this.#batch = batch;
  }

  /** Answers with the bytes that the row takes. */
  putRow(table: ObjectId, version: Version): number {
    const bytes = this.#encoder.encode(version.id, version.row ?? []);
    this.#put(diskKey(ROW, table, version.key), bytes);
    return bytes.length;
  }

  deleteRow(table: ObjectId, key: string): void {
    this.#del(diskKey(ROW, table, key));
  }

  putEntry(index: ObjectId, columns: string, key: string): void {
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(columns.length, 0);
    this.#put(diskKey(ENTRY, index, columns + key), length);
  }

  deleteEntry(index: ObjectId, columns: string, key: string): void {
    this.#del(diskKey(ENTRY, index, columns + key));
  }

  putUnique(index: ObjectId, columns: string, key: string): void {
    this.#put(diskKey(UNIQUE, index, columns), Buffer.from(key, 'latin1'));
  }

  deleteUnique(index: ObjectId, columns: string): void {
    this.#del(diskKey(UNIQUE, index, columns));
  }

  putCheckpoint(checkpoint: Checkpoint): void {
    this.#put(CHECKPOINT_KEY, printCheckpoint(checkpoint));
  }

  commit({ sync = false } = {}): Promise<void> {
    return this.#batch.write({ sync });
  }

  /** Nothing of it is written. */
  discard(): Promise<void> {
    return this.#batch.close();
  }

  #put(key: Buffer, value: Buffer): void {
    this.#batch.put(key, value);
    this.size++;
  }

  #del(key: Buffer): void {
    this.#batch.del(key);
    this.size++;
  }
}

const ENCODER = new RowEncoder();

/** A walk over a range of the disk as it was when the walk began. Items come in `keys` and `values`, from `at` on. */
export class DiskScan<V> {
  keys: string[] = [];
  values: V[] = [];
  /** The first item not taken yet. */
  at = 0;
  /** Nothing comes behind the items that are here. */
  ended = false;
  readonly #iterator: DatabaseIterator;
  readonly #decode: (key: string, value: Buffer) => V;

  constructor(iterator: DatabaseIterator, decode: (key: string, value: Buffer) => V) {
    this.#iterator = iterator;
    this.#decode = decode;
  }

  /** Brings up to `count` more items in place of those taken. Afterwards there are some, or `ended` is true. */
  async fill(count: number): Promise<void> {
    const entries = await this.#iterator.nextv(count);
    this.keys = [];
    this.values = [];
    this.at = 0;
    if (entries.length === 0) this.ended = true;
    for (const [diskKey, value] of entries) {
      const key = diskKey.toString('latin1', PREFIX_BYTES);
      this.keys.push(key);
      this.values.push(this.#decode(key, value));
    }
  }

  /** Lets the iterator go; it holds back LevelDB's compaction. */
  close(): void {
    this.ended = true;
    this.#iterator.close().catch(() => undefined);
  }
}
