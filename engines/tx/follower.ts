import type { StoredRecord } from '#log/change-log.js';
import type { HybridClock } from '#log/clock/hybrid.js';
import { Overtaken } from '#log/servers/sole-writer-log.js';
import { certifiedKey, type Verdict } from '#log/transactions/certifier.js';
import type { Decider, DeciderState, Decision } from '#log/transactions/decider.js';
import type { EventCodec } from '#schemas/events/codec.js';
import { FIRST_USER_OBJECT, type RowVersion, type ServerLease } from '#schemas/events/event.js';
import { assert } from '#schemas/kernel/assert.js';
import type { Offset, ServerId } from '#schemas/kernel/brand.js';
import type { Store } from '../rows/store.js';
import type { TableData } from '../rows/table-data.js';
import { PENDING, Version, type Writer } from '../rows/version.js';
import { decodeRecord } from './decode-record.js';
import type { ShapeSource } from './folder.js';
import { Unit, type Write } from './unit.js';

/** What is done with another server's transaction that has committed. */
export interface ForeignCommits {
  /** Its rows of system tables are in the store: names and shapes are others from here on. Before anybody sees them. */
  defined(writes: readonly Write[]): void;
  /** All its rows are in the store, and are to be seen from here on. */
  committed(writes: readonly Write[], offset: Offset): void;
}

export interface FollowerOptions {
  readonly store: Store;
  readonly codec: EventCodec;
  readonly shapes: ShapeSource;
  readonly clock: Pick<HybridClock, 'observe'>;
  /** As the fold has left it that ended at `next`. */
  readonly decider: Decider;
  readonly next: Offset;
  readonly server: ServerId;
  /** Offset of the lease by which this engine holds its server id. */
  readonly lease: Offset;
  readonly commits: ForeignCommits;
  /** A record of this server was met. */
  heard(server: ServerId): void;
}

/** Others have ended this engine's lease, because they had not heard of it for too long. What it had not committed by then never was; it may take a lease anew. */
class Fenced extends Error {
  override readonly name = 'Fenced';
  constructor(offset: Offset) {
    super(`the lease of this engine was ended by another one (at offset ${offset})`);
  }
}

/**
 * Takes each record of a log that several engines write, in its order, into a store that is in use: judges all transactions, and puts the rows of the other servers' where
 * they belong. This engine's own stand in the store already, pending, and wait for their verdict.
 */
export class Follower {
  readonly #options: FollowerOptions;
  /** One past the last record taken. */
  #next: Offset;
  /** Of any server; -1 before the first. */
  #lastCommit = -1;
  #verdict: { readonly offset: Offset; readonly verdict: Verdict } | null = null;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#next = options.next;
  }

  /** True for a record of this engine. Throws Overtaken when somebody has taken the server id, and Fenced when somebody has ended this lease of it. */
  fold(record: StoredRecord): boolean {
    const { codec, decider, clock, server, lease, heard } = this.#options;
    const { offset } = record;
    const event = decodeRecord(codec, record);
    const decision = decider.take(offset, event);
    this.#next = (offset + 1) as Offset;
    if (decision?.verdict.kind === 'commit') this.#lastCommit = offset;
    const { leases } = decider.assembler;
    if (event.kind !== 'lease' || event.action !== 'fenced') heard(event.server);
    if (event.kind === 'lease') {
      if (event.server === server && !leases.isHeldBy(server, lease)) endOf(event, offset);
      return false;
    }
    if (event.server === server && leases.holds(server, event.transaction, event.commit)) {
      if (decision !== null) this.#verdict = { offset, verdict: decision.verdict };
      return true;
    }
    clock.observe(BigInt(event.timestamp));
    if (decision?.verdict.kind === 'commit') this.#carryOut(decision);
    return false;
  }

  /**
   * How verdicts go on from here, for a store that holds everything below `durable`. Null for the moment between a verdict on one of this engine's transactions and its rows being
   * seen: ask again in the next turn.
   */
  state(durable: Offset): DeciderState | null {
    return this.#lastCommit < durable ? this.#options.decider.state(this.#next) : null;
  }

  /** On this engine's transaction whose commit record was taken last. */
  verdictAt(offset: Offset): Verdict {
    assert(this.#verdict?.offset === offset, `no verdict at offset ${offset}`);
    return this.#verdict.verdict;
  }

  #carryOut({ transaction: { events, offset }, definitions }: Decision): void {
    const { commits } = this.#options;
    const writer: Writer = { offset, appended: true, failed: false };
    const writes: Write[] = [];
    if (definitions !== null) {
      for (const event of events) if (event.table < FIRST_USER_OBJECT) this.#put(event, writer, writes);
      commits.defined(writes);
    }
    for (const event of events) if (event.table >= FIRST_USER_OBJECT) this.#put(event, writer, writes);
    if (definitions === null) commits.defined(writes);
    commits.committed(writes, offset);
  }

  #put({ table, key, version: id, row }: RowVersion, writer: Writer, writes: Write[]): void {
    const { store, shapes } = this.#options;
    const shape = shapes.shapeOf(table);
    if (shape === null) return;
    const data = store.table(shape);
    data.reshape(shape);
    const above = lowestPending(data, key);
    forestall(data.head(key), above, certifiedKey(table, key));
    const below = (above === null ? data.head(key) : above.previous) ?? null;
    const version = new Version(key, id, row, writer, 0, below, true);
    if (above === null) data.link(version);
    else data.linkBelow(above, version);
    const wasLive = below !== null && below.row !== null;
    if (row === null && wasLive) data.live--;
    else if (row !== null && !wasLive) data.live++;
    const { lock } = version;
    if (lock !== null && lock.holders.length === 0 && lock.queue.length === 0) version.lock = null;
    data.noteDecided(version);
    writes.push({ data, version });
  }
}

function endOf({ action }: ServerLease, offset: Offset): void {
  if (action === 'taken') throw new Overtaken(offset, true);
  // Its own farewell is no news.
  if (action === 'fenced') throw new Fenced(offset);
}

/** Tells this engine's transactions that are at work on a row whose newest version is `head` that it is another one now. */
function forestall(head: Version | undefined, pending: Version | null, key: string): void {
  if (head === undefined) return;
  const owners: Writer[] = head.lock === null ? [] : head.lock.holders.map(({ owner }) => owner);
  if (pending !== null) owners.push(pending.writer);
  for (const owner of owners) {
    if (!(owner instanceof Unit)) continue;
    owner.forestalled ??= new Set();
    owner.forestalled.add(key);
  }
}

/** Of the versions of a row that this engine's transactions have written and that are not decided. They will be refused, because the row has another writer now. */
function lowestPending(data: TableData, key: string): Version | null {
  let lowest: Version | null = null;
  for (let v: Version | null = data.head(key) ?? null; v !== null && v.writer.offset === PENDING; v = v.previous)
    lowest = v;
  return lowest;
}
