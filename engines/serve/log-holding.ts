import type { ChangeLog, StoredRecord } from '#log/change-log.js';
import type { HybridClock } from '#log/clock/hybrid.js';
import { LeaseKeeper } from '#log/servers/lease-keeper.js';
import { SharedLog } from '#log/servers/shared-log.js';
import { type ForeignRecord, Overtaken, SoleWriterLog } from '#log/servers/sole-writer-log.js';
import type { Leases } from '#log/transactions/leases.js';
import type { EventCodec } from '#schemas/events/codec.js';
import type { ServerLease } from '#schemas/events/event.js';
import type { Offset, Partition, ServerId } from '#schemas/kernel/brand.js';
import { Follower, type ForeignCommits } from '../tx/follower.js';
import { type Recovered, type RecoveryOptions, recover } from '../tx/recovery.js';
import type { EngineOptions } from './engine.js';

/** All databases share one partition until they are told otherwise (docs/decisions). */
export const PARTITION = 0 as Partition;
/** Of an engine that has the log alone. */
const SOLE_SERVER = 1 as ServerId;

/** How an engine shares the log with others. */
export interface Sharing {
  /** The server id; auto = the one that this node had, if nobody else has it now, or the lowest that is free. */
  readonly server: number | 'auto';
  /** Which term this node held last; null = none that it knows of. */
  readonly held: HeldTerm | null;
  /** Told of the term that it holds now. */
  taken(term: HeldTerm): void;
  /** A server that is not heard of for about so long loses its id. */
  readonly leaseMs: number;
}

export interface HeldTerm {
  readonly server: number;
  readonly epoch: number;
}

/** A folded log, and the term under which the engine writes it. */
export interface TakenLog {
  readonly found: Recovered;
  readonly recovered: Recovered;
  readonly server: ServerId;
  readonly epoch: number;
  /** Offset of the lease. */
  readonly lease: Offset;
}

/** Folds the log, takes a server id, and folds what has come meanwhile. The clock stands behind everything in the log from then on. */
export async function takeLog(options: EngineOptions, parts: RecoveryOptions, clock: HybridClock): Promise<TakenLog> {
  const { sharing } = options;
  const found = await recover(parts);
  if (found.rebuilt !== null) options.reportBug(new Error(`the row store was built anew: ${found.rebuilt}`));
  clock.observe(BigInt(found.newestMicros));
  if (sharing === null) await fenceOthers(options, parts.codec, found.leases);
  for (let before = found; ; ) {
    const server = sharing === null ? SOLE_SERVER : serverFor(sharing, found.leases);
    const { epoch, offset } = await takeLease(options, parts.codec, found.leases, server);
    // Whoever held the server id before may have committed until the lease stood in the log.
    const recovered = await before.catchUp();
    clock.observe(BigInt(recovered.newestMicros));
    if (recovered.leases.isHeldBy(server, offset)) {
      sharing?.taken({ server, epoch });
      return { found, recovered, server, epoch, lease: offset };
    }
    // Another engine has taken the same term before, or the next one since: what this one committed would count for nothing, or for two.
    if (sharing?.server !== 'auto') throw overtakenAt(offset, options);
    before = recovered;
  }
}

/** Who has the log alone compares nothing with what others write: their terms are over. */
async function fenceOthers({ log, clock, holder }: EngineOptions, codec: EventCodec, leases: Leases): Promise<void> {
  for (const [server, { epoch }] of leases.live) {
    if (server === SOLE_SERVER) continue;
    const timestamp = Number(clock.nowMicros());
    await appendLease(log, codec, { kind: 'lease', action: 'fenced', server, epoch, holder, timestamp });
  }
}

function serverFor({ server, held }: Sharing, leases: Leases): ServerId {
  if (server !== 'auto') return server as ServerId;
  const live = new Map(leases.live);
  const isFree = (id: ServerId): boolean =>
    !live.has(id) || (id === held?.server && live.get(id)?.epoch === held.epoch);
  if (held !== null && isFree(held.server as ServerId)) return held.server as ServerId;
  let id = 1;
  while (!isFree(id as ServerId)) id++;
  return id as ServerId;
}

/** Writes a new lease of the server id into the log: what an earlier holder had not committed by then never happened. */
async function takeLease(
  { log, clock, holder }: EngineOptions,
  codec: EventCodec,
  leases: Leases,
  server: ServerId,
): Promise<{ epoch: number; offset: Offset }> {
  const epoch = leases.epochOf(server) + 1;
  const timestamp = Number(clock.nowMicros());
  const offset = await appendLease(log, codec, { kind: 'lease', action: 'taken', server, epoch, holder, timestamp });
  return { epoch, offset };
}

function appendLease(log: ChangeLog, codec: EventCodec, lease: ServerLease): Promise<Offset> {
  const value = codec.encode(lease);
  const appended = log.append(PARTITION, [{ key: null, value, timestampMs: Math.floor(lease.timestamp / 1_000) }]);
  codec.reset();
  return appended;
}

function overtakenAt(offset: Offset, { onOvertaken }: EngineOptions): Overtaken {
  const overtaken = new Overtaken(offset, true);
  onOvertaken?.(overtaken);
  return overtaken;
}

/** The log, for who has just taken the server id. */
export function ownLog(options: EngineOptions, codec: EventCodec, { durable, leases }: Recovered): ChangeLog {
  const { log, clock, onOvertaken } = options;
  if (onOvertaken === null) return log;
  const meaningOf = ({ key, value }: StoredRecord): ForeignRecord => {
    try {
      const event = codec.decode(value, key);
      if (event.kind === 'lease') return 'lease';
      return leases.holds(event.server, event.transaction, event.commit) ? 'counts' : 'void';
    } catch {
      // Of a table that came with a record which has not been read either.
      return 'counts';
    }
  };
  return new SoleWriterLog({ log, partition: PARTITION, next: durable, clock, meaningOf, overtaken: onOvertaken });
}

/** The log, for an engine that shares it with others: what they commit is carried out by `commits`. */
export function sharedLog(
  options: EngineOptions,
  sharing: Sharing,
  parts: RecoveryOptions,
  clock: HybridClock,
  taken: TakenLog,
  commits: ForeignCommits,
): { log: SharedLog; follower: Follower; keeper: LeaseKeeper } {
  const { store, codec, shapes, partition } = parts;
  const { recovered, server, epoch, lease } = taken;
  const { decider, durable: next, leases } = recovered;
  const { holder } = options;
  const { leaseMs } = sharing;
  // Not through the shared log, which knows this engine's own events only.
  const append = (event: ServerLease): Promise<Offset> => appendLease(options.log, codec, event);
  const keeper = new LeaseKeeper({ server, epoch, holder, leaseMs, clock, leases, append });
  const heard = (by: ServerId): void => keeper.heard(by);
  const following = { store, codec, shapes, clock, decider, next, server, lease, commits, heard };
  const follower = new Follower(following);
  const log = new SharedLog({
    log: options.log,
    partition,
    next,
    clock,
    fold: (record) => follower.fold(record),
    failed: (error) => {
      if (error instanceof Overtaken) options.onOvertaken?.(error);
      else options.onCannotFollow(error);
    },
  });
  return { log, follower, keeper };
}
