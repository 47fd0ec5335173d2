/** A range of keys, in the order of their bytes. */
export interface DatabaseRange {
  readonly gte?: Buffer;
  readonly lt?: Buffer;
}

export interface DatabaseIterator {
  /** Up to `count` further entries; none at the end. */
  nextv(count: number): Promise<Array<[Buffer, Buffer]>>;
  close(): Promise<void>;
}

/** Writes that become visible, and survive, together. */
export interface DatabaseBatch {
  put(key: Buffer, value: Buffer): unknown;
  del(key: Buffer): unknown;
  /** With `sync` it is durable when this resolves; without, a crash may take it back, with all that were written behind it. */
  write(options: { readonly sync: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** The ordered map on a disk that rows are kept in: LevelDB, or what a simulation gives for it. */
export interface RowDatabase {
  get(key: Buffer): Promise<Buffer | undefined>;
  getSync(key: Buffer): Buffer | undefined;
  /** Sees what was there when it was made. */
  iterator(
    options: DatabaseRange & {
      readonly reverse: boolean;
      readonly fillCache: boolean;
      readonly highWaterMarkBytes: number;
    },
  ): DatabaseIterator;
  batch(): DatabaseBatch;
  del(key: Buffer, options: { readonly sync: boolean }): Promise<void>;
  clear(range?: DatabaseRange): Promise<void>;
  /** Everything written so far is durable afterwards. */
  compactRange(start: Buffer, end: Buffer): Promise<void>;
  close(): Promise<void>;
}
