import type { ChangeLog } from '#log/change-log.js';
import { digestOfRecord } from '#log/record-digest.js';
import type { Certifier } from '#log/transactions/certifier.js';
import type { Decider } from '#log/transactions/decider.js';
import type { Leases } from '#log/transactions/leases.js';
import type { EventCodec } from '#schemas/events/codec.js';
import { FIRST_USER_OBJECT } from '#schemas/events/event.js';
import type { ObjectId, Offset, Partition, VersionId } from '#schemas/kernel/brand.js';
import type { Checkpoint } from '../rows/checkpoint.js';
import type { Store } from '../rows/store.js';
import { Folder, type ShapeSource } from './folder.js';

export interface RecoveryOptions {
  readonly store: Store;
  readonly log: ChangeLog;
  readonly partition: Partition;
  readonly codec: EventCodec;
  readonly certifier: Certifier;
  readonly shapes: ShapeSource;
  /** With a foreign registry: brings the schemas of these ids, because folding does not wait. */
  readonly fetchSchemas?: ((ids: Iterable<number>) => Promise<void>) | null;
  /** Rows that the disk does not have yet are written to it when they take more than this. */
  readonly dirtyBytesMax?: number;
}

/** Where the engine stands after recovery. */
export interface Recovered {
  /** One past the last record of the log. */
  readonly durable: Offset;
  /** Records folded. */
  readonly events: number;
  readonly lastVersion: VersionId | null;
  /** The newest time in the log, microseconds since 1970. */
  readonly newestMicros: number;
  /** The terms of all servers. */
  readonly leases: Leases;
  /** Goes on with the verdicts. */
  readonly decider: Decider;
  /** Why the store on disk was thrown away; null when it was not. */
  readonly rebuilt: string | null;
  /** Folds what has come since, this engine's lease among it. Before anybody reads. */
  catchUp(): Promise<Recovered>;
}

const DIRTY_BYTES_MAX = 512 << 20;

/**
 * Brings the store to the state of the whole log: what the checkpoint says, and on top of it what the log says behind that. A store that is not of this log is thrown away.
 */
export async function recover(options: RecoveryOptions): Promise<Recovered> {
  const { store, log, partition, codec, certifier, shapes } = options;
  const rebuilt = store.checkpoint === null ? null : await mismatch(store.checkpoint, log, partition);
  if (rebuilt !== null) await store.forget();
  const { checkpoint } = store;
  if (checkpoint !== null) await loadSystemTables(store, shapes);
  const folder = new Folder(store, codec, certifier, shapes, checkpoint ?? undefined);
  if (options.fetchSchemas != null) folder.resolveSchemas(options.fetchSchemas);
  const dirtyBytesMax = options.dirtyBytesMax ?? DIRTY_BYTES_MAX;
  const between = (): Promise<void> | null =>
    store.hasDisk && store.dirty.bytes > dirtyBytesMax ? flushFold(store, log, partition, folder) : null;
  const foldFrom = async (from: Offset): Promise<Recovered> => {
    await folder.replay(log, partition, from, between);
    for (const id of store.tableIds) if (shapes.shapeOf(id) === null) store.dropTable(id);
    const { next, events, lastVersion, newestMicros, decider } = folder.state;
    const { leases } = decider.assembler;
    const catchUp = (): Promise<Recovered> => foldFrom(folder.state.next);
    return { durable: next, events, lastVersion, newestMicros, leases, decider, rebuilt, catchUp };
  };
  return foldFrom(checkpoint?.replayFrom ?? (0 as Offset));
}

/** Why the store cannot be one of this log; null when it can. */
async function mismatch(
  { offset, lastRecord, decider, terms }: Checkpoint,
  log: ChangeLog,
  partition: Partition,
): Promise<string | null> {
  if (decider === null && terms.filter(([, { live }]) => live).length > 1)
    return 'other servers were at work, and it does not say what they have committed';
  const end = await log.end(partition);
  if (end < offset) return `the log ends at offset ${end}, before the store's checkpoint at ${offset}`;
  if (lastRecord !== null && (await recordDigest(log, partition, offset)) !== lastRecord)
    return `the record before offset ${offset} is not the one that the store has seen`;
  return null;
}

/** A digest of the record right before `offset`; null when there is none. */
export async function recordDigest(log: ChangeLog, partition: Partition, offset: Offset): Promise<string | null> {
  if (offset === 0) return null;
  for await (const [record] of log.read(partition, (offset - 1) as Offset, offset)) {
    if (record !== undefined) return digestOfRecord(record);
  }
  return null;
}

async function loadSystemTables(store: Store, shapes: ShapeSource): Promise<void> {
  const system = new Set<ObjectId>();
  for (const id of store.tableIds) {
    const shape = id < FIRST_USER_OBJECT ? shapes.shapeOf(id) : null;
    if (shape === null) continue;
    await store.complete(store.table(shape));
    system.add(id);
  }
  shapes.systemRowsChanged(system);
}

/** Writes what was folded so far to disk. Nothing is folded meanwhile. */
function flushFold(store: Store, log: ChangeLog, partition: Partition, folder: Folder): Promise<void> {
  const { next, lastVersion, decider } = folder.state;
  const state = decider.state(next);
  return store.flush(() => ({
    view: { snapshot: next, owner: null, command: 0 },
    pace: () => Promise.resolve(),
    describe: async () => ({
      replayFrom: state.replayFrom,
      lastRecord: await recordDigest(log, partition, next),
      terms: decider.assembler.leases.terms,
      lastVersion,
      decider: state,
    }),
    end: () => undefined,
  }));
}
