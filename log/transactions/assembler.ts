import type { Commit, LogEvent, RowVersion } from '#schemas/events/event.js';
import type { Offset, ServerId, VersionId } from '#schemas/kernel/brand.js';

/** A transaction whose commit record stands in the log, complete. Whether it takes effect is the certifier's to say. */
export interface AssembledTransaction {
  readonly transaction: VersionId;
  readonly server: ServerId;
  readonly epoch: number;
  /** Offset of its commit record. */
  readonly offset: Offset;
  readonly commit: Commit;
  readonly timestamp: number;
  readonly events: readonly RowVersion[];
}

interface Open {
  readonly epoch: number;
  readonly events: RowVersion[];
}

/**
 * Puts the log's records together into transactions, in the order of their commit records. Events of a server's earlier epoch that had not been committed when a newer lease
 * of that server id was taken, or when it was fenced, never happened.
 *
 * Pure: its answers depend on the records alone, not on how they come in batches. Holds the events of open transactions.
 */
export class Assembler {
  readonly #open = new Map<VersionId, Open>();
  readonly #epochs = new Map<ServerId, number>();

  /** Events held for transactions whose commit has not come. */
  get pending(): number {
    let count = 0;
    for (const { events } of this.#open.values()) count += events.length;
    return count;
  }

  epochOf(server: ServerId): number {
    return this.#epochs.get(server) ?? 0;
  }

  /** Takes the record at `offset`; answers with the transaction that it completes. */
  take(offset: Offset, event: LogEvent): AssembledTransaction | null {
    if (event.kind === 'lease') {
      if (event.action === 'taken' || event.action === 'fenced') this.#fence(event.server, event.epoch);
      return null;
    }
    const epoch = this.epochOf(event.server);
    if (event.kind === 'commit')
      return this.#complete(offset, event.transaction, event.server, event.timestamp, event.commit, null);
    if (event.commit !== null)
      return this.#complete(offset, event.transaction, event.server, event.timestamp, event.commit, event);
    const open = this.#open.get(event.transaction);
    if (open === undefined) this.#open.set(event.transaction, { epoch, events: [event] });
    else open.events.push(event);
    return null;
  }

  #complete(
    offset: Offset,
    transaction: VersionId,
    server: ServerId,
    timestamp: number,
    commit: Commit,
    last: RowVersion | null,
  ): AssembledTransaction | null {
    const open = this.#open.get(transaction);
    this.#open.delete(transaction);
    const epoch = this.epochOf(server);
    const events = open === undefined ? (last === null ? [] : [last]) : open.events;
    if (open !== undefined && last !== null) open.events.push(last);
    // Fewer events than the commit counts: the rest was sent under an epoch that has been fenced since.
    if (events.length !== commit.events) return null;
    return { transaction, server, epoch, offset, commit, timestamp, events };
  }

  #fence(server: ServerId, epoch: number): void {
    this.#epochs.set(server, Math.max(epoch, this.epochOf(server)));
    for (const [transaction, open] of this.#open) {
      const first = open.events[0];
      if (first?.server === server && open.epoch < epoch) this.#open.delete(transaction);
    }
  }
}
