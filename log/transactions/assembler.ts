import type { Commit, CommitEvent, LogEvent, RowVersion } from '#schemas/events/event.js';
import type { Offset, ServerId, VersionId } from '#schemas/kernel/brand.js';
import { Leases } from './leases.js';

/** A transaction whose commit record stands in the log, complete. Whether it takes effect is the certifier's to say. */
export interface AssembledTransaction {
  readonly transaction: VersionId;
  readonly server: ServerId;
  readonly epoch: number;
  /** Offset of its first record. */
  readonly first: Offset;
  /** Offset of its commit record. */
  readonly offset: Offset;
  readonly commit: Commit;
  readonly timestamp: number;
  /** In their order. May be gone through more than once, until the next record is taken. */
  readonly events: Iterable<RowVersion>;
}

/** Where events of transactions go that are too large to be held in memory. */
export interface EventSpill {
  /** Keeps further events of a transaction. */
  put(transaction: VersionId, events: readonly RowVersion[]): void;
  /** All that were put, in order; may be asked more than once. */
  get(transaction: VersionId): Iterable<RowVersion>;
  /** Forgets them. */
  drop(transaction: VersionId): void;
}

interface Open {
  readonly server: ServerId;
  /** Offset of its first event. */
  readonly first: Offset;
  /** Those not spilled. */
  events: RowVersion[];
  spilled: number;
}

export interface AssemblerOptions {
  readonly spill: EventSpill;
  /** Events of one transaction that are held in memory. */
  readonly eventsMax: number;
}

const NO_EVENTS: readonly RowVersion[] = [];

/**
 * Puts the log's records together into transactions, in the order of their commit records.
 *
 * What never happened is left out: events of a server whose lease was fenced or released, or taken anew, before their
 * commit stood in the log (see Leases), and transactions of which the log does not hold as many events as their commit
 * counts.
 *
 * Pure: its answers depend on the records alone, not on how they come in batches. Holds the events of open transactions;
 * with a spill, at most `eventsMax` of each. A transaction of one record costs no look-up but that of its server.
 */
export class Assembler {
  readonly #open = new Map<VersionId, Open>();
  readonly leases: Leases;
  readonly #options: AssemblerOptions | null;
  /** Its events have been handed out and may be forgotten with the next record. */
  #handedOut: VersionId | null = null;

  /** `leases`: those in force where the records begin. */
  constructor(options: AssemblerOptions | null = null, leases: Leases = new Leases()) {
    this.#options = options;
    this.leases = leases;
  }

  /** Events held, in memory and spilled, for transactions whose commit has not come. */
  get pending(): number {
    let count = 0;
    for (const { events, spilled } of this.#open.values()) count += events.length + spilled;
    return count;
  }

  /** Transactions whose commit has not come. */
  get open(): number {
    return this.#open.size;
  }

  /** Offset of the first event of the oldest of them; null when there is none. */
  get oldestOpen(): Offset | null {
    // They are kept in the order of their first events.
    for (const { first } of this.#open.values()) return first;
    return null;
  }

  /** The term of a server that the log has come to; 0 when it has none. */
  epochOf(server: ServerId): number {
    return this.leases.epochOf(server);
  }

  /** Takes the record at `offset`; answers with the transaction that it completes. */
  take(offset: Offset, event: LogEvent): AssembledTransaction | null {
    if (this.#handedOut !== null) this.#forget();
    if (event.kind === 'lease') {
      if (this.leases.take(event, offset)) this.#dropOf(event.server);
      return null;
    }
    if (!this.leases.holds(event.server, event.transaction, event.commit)) {
      // Its earlier events went when the lease did, and a commit without them is not whole; but it may have none.
      return null;
    }
    if (event.kind === 'commit') return this.#complete(offset, event, event.commit, null);
    if (event.commit !== null) return this.#complete(offset, event, event.commit, event);
    this.#keep(offset, event);
    return null;
  }

  #keep(offset: Offset, event: RowVersion): void {
    const { transaction, server } = event;
    let open = this.#open.get(transaction);
    if (open === undefined) {
      open = { server, first: offset, events: [], spilled: 0 };
      this.#open.set(transaction, open);
    }
    open.events.push(event);
    if (this.#options !== null && open.events.length >= this.#options.eventsMax) {
      this.#options.spill.put(transaction, open.events);
      open.spilled += open.events.length;
      open.events = [];
    }
  }

  #complete(
    offset: Offset,
    { transaction, server, timestamp }: RowVersion | CommitEvent,
    commit: Commit,
    last: RowVersion | null,
  ): AssembledTransaction | null {
    const open = this.#open.get(transaction);
    const epoch = this.epochOf(server);
    if (open === undefined) {
      const events = last === null ? NO_EVENTS : [last];
      return events.length === commit.events
        ? { transaction, server, epoch, first: offset, offset, commit, timestamp, events }
        : null;
    }
    this.#open.delete(transaction);
    if (last !== null) open.events.push(last);
    if (open.spilled > 0) this.#handedOut = transaction;
    if (open.events.length + open.spilled !== commit.events || open.server !== server) return null;
    const events = open.spilled === 0 ? open.events : this.#withSpilled(transaction, open.events);
    return { transaction, server, epoch, first: open.first, offset, commit, timestamp, events };
  }

  #withSpilled(transaction: VersionId, rest: readonly RowVersion[]): Iterable<RowVersion> {
    const spill = this.#options?.spill;
    return {
      *[Symbol.iterator]() {
        if (spill !== undefined) yield* spill.get(transaction);
        yield* rest;
      },
    };
  }

  #forget(): void {
    if (this.#handedOut !== null) this.#options?.spill.drop(this.#handedOut);
    this.#handedOut = null;
  }

  /** A server's term is over: its open transactions never happened. */
  #dropOf(server: ServerId): void {
    for (const [transaction, open] of this.#open) {
      if (open.server !== server) continue;
      this.#open.delete(transaction);
      if (open.spilled > 0) this.#options?.spill.drop(transaction);
    }
  }
}
