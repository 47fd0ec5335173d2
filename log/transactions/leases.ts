import type { Commit, ServerLease } from '#schemas/events/event.js';
import type { Offset, ServerId, VersionId } from '#schemas/kernel/brand.js';

/** One term of a server id. */
export interface Term {
  readonly epoch: number;
  /** False after the term was fenced or released, until the server id is taken again. */
  readonly live: boolean;
  /** Ids below were minted before the term began. */
  readonly floor: string;
  /** Offset of the record by which it was taken: whoever holds it has seen what stands before. */
  readonly since: Offset;
}

/**
 * The terms of servers, as the log has them. A server that has never taken a lease holds (a log without leases is one
 * engine's own).
 *
 * A record of an old term may reach the log after the next term has begun: sent by a process that was stopped in its
 * tracks, held by a broker. A commit says its epoch. Other records are known by their transaction's id, which is a time:
 * the holder of a lease mints its ids after it has taken it, from the clock that has stamped it.
 */
export class Leases {
  readonly #terms: Map<ServerId, Term>;

  /** `terms`: those in force where the records begin. */
  constructor(terms: Iterable<readonly [ServerId, Term]> = []) {
    this.#terms = new Map(terms);
  }

  /** The newest term of each server. */
  get terms(): ReadonlyArray<readonly [ServerId, Term]> {
    return [...this.#terms];
  }

  /** Terms that are not over. */
  get live(): ReadonlyArray<readonly [ServerId, Term]> {
    return this.terms.filter(([, { live }]) => live);
  }

  epochOf(server: ServerId): number {
    return this.#terms.get(server)?.epoch ?? 0;
  }

  /** Does the lease at `offset` hold here? Whoever has appended it must ask when all before was read: another may have taken the same term first, or the next one since. */
  isHeldBy(server: ServerId, offset: Offset): boolean {
    const term = this.#terms.get(server);
    return term?.live === true && term.since === offset;
  }

  /** May a transaction of this server stand here? `commit`: of the record, null when it carries none. */
  holds(server: ServerId, transaction: VersionId, commit: Commit | null): boolean {
    const term = this.#terms.get(server);
    if (term === undefined) return true;
    return term.live && transaction >= term.floor && (commit === null || commit.epoch === term.epoch);
  }

  /** Takes a lease event; true when a term ended with it. */
  take({ action, server, epoch, timestamp }: ServerLease, offset: Offset): boolean {
    if (action === 'renewed') return false;
    const { epoch: known, floor, since } = this.#terms.get(server) ?? { epoch: 0, floor: '', since: offset };
    if (epoch < known) return false;
    if (action === 'taken') {
      // A lease is taken once; the same record again (sent twice) changes nothing.
      if (epoch === known && floor !== '') return false;
      this.#terms.set(server, { epoch, live: true, floor: floorOf(timestamp), since: offset });
    } else this.#terms.set(server, { epoch, live: false, floor, since });
    return true;
  }
}

/** The least id of a millisecond, for a time in microseconds: ids compare as text. */
function floorOf(timestamp: number): string {
  const hex = Math.floor(timestamp / 1_000)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}`;
}
