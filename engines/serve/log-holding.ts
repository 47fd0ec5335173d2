import type { ChangeLog, StoredRecord } from '#log/change-log.js';
import type { HybridClock } from '#log/clock/hybrid.js';
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

/** The server id of an engine. */
export function serverOf(sharedAs: number | null): ServerId {
  return sharedAs === null ? SOLE_SERVER : (sharedAs as ServerId);
}

/** Folds the log, takes the server id, and folds what has come meanwhile. The clock stands behind everything in the log from then on. */
export async function takeLog(
  options: EngineOptions,
  parts: RecoveryOptions,
  clock: HybridClock,
): Promise<{ found: Recovered; recovered: Recovered; epoch: number; lease: Offset }> {
  const found = await recover(parts);
  if (found.rebuilt !== null) options.reportBug(new Error(`the row store was built anew: ${found.rebuilt}`));
  clock.observe(BigInt(found.newestMicros));
  const { epoch, offset } = await takeLease(options, parts.codec, found.leases);
  // Whoever held the server id before may have committed until the lease stood in the log.
  const recovered = await found.catchUp();
  refuseWithoutLease(options, recovered.leases, offset);
  clock.observe(BigInt(recovered.newestMicros));
  return { found, recovered, epoch, lease: offset };
}

/** Writes a new lease of the server id into the log: what an earlier holder had not committed by then never happened. */
async function takeLease(
  { log, clock, holder, sharedAs }: EngineOptions,
  codec: EventCodec,
  leases: Leases,
): Promise<{ epoch: number; offset: Offset }> {
  const server = serverOf(sharedAs);
  const epoch = leases.epochOf(server) + 1;
  const timestamp = Number(clock.nowMicros());
  const lease: ServerLease = { kind: 'lease', action: 'taken', server, epoch, holder, timestamp };
  const value = codec.encode(lease);
  const offset = await log.append(PARTITION, [{ key: null, value, timestampMs: Math.floor(timestamp / 1_000) }]);
  codec.reset();
  return { epoch, offset };
}

/** Another engine may have taken the same term before, or the next one since: what this one committed would count for nothing, or for two. */
function refuseWithoutLease({ onOvertaken, sharedAs }: EngineOptions, leases: Leases, offset: Offset): void {
  if (leases.isHeldBy(serverOf(sharedAs), offset)) return;
  const overtaken = new Overtaken(offset, true);
  onOvertaken?.(overtaken);
  throw overtaken;
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
  parts: RecoveryOptions,
  clock: HybridClock,
  recovered: Recovered,
  lease: Offset,
  commits: ForeignCommits,
): { log: SharedLog; follower: Follower } {
  const { store, codec, certifier, shapes, partition } = parts;
  const { assembler, durable: next } = recovered;
  const server = serverOf(options.sharedAs);
  const follower = new Follower({ store, codec, shapes, clock, assembler, certifier, next, server, lease, commits });
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
  return { log, follower };
}
