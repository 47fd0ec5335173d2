import type { Commit, LogEvent, RowVersion } from '#schemas/events/event.js';
import type { Offset, ServerId, VersionId } from '#schemas/kernel/brand.js';

/** A transaction that took effect. */
export interface CommittedTransaction {
  readonly transaction: VersionId;
  readonly server: ServerId;
  readonly epoch: number;
  readonly offset: Offset;
  readonly snapshot: Offset;
  readonly timestamp: number;
  readonly events: readonly RowVersion[];
}

/** The newest version of each row that there is, by `rowName`. */
export type State = ReadonlyMap<string, RowVersion>;

/** What was decided at the offset of a complete transaction's commit. */
export type Outcome = 'commit' | 'conflict' | 'snapshot-too-old';

export function rowName({ table, key }: Pick<RowVersion, 'table' | 'key'>): string {
  return `${table}/${key}`;
}

interface Lease {
  readonly epoch: number;
  readonly holder: string;
  readonly live: boolean;
}

interface Open {
  readonly server: ServerId;
  readonly events: RowVersion[];
}

/**
 * What a partition's records come to, worked out once more and as simply as can be: every commit is compared with every other one, every state is kept. Shares no code with log/transactions,
 * so that both must be wrong in the same way to agree on something wrong. For short logs; system tables mean nothing to it.
 */
export class History {
  readonly committed: CommittedTransaction[] = [];
  readonly outcomes = new Map<number, Outcome>();
  /** Who held each term first: a term has one holder (I1). */
  readonly holders = new Map<string, string>();
  readonly #byOffset = new Map<number, CommittedTransaction>();
  readonly #byId = new Map<VersionId, CommittedTransaction>();
  readonly #leases = new Map<ServerId, Lease>();
  readonly #open = new Map<VersionId, Open>();
  readonly #states: Array<{ readonly from: number; readonly state: State }> = [{ from: 0, state: new Map() }];
  #next = 0;

  /** One past the last record taken. */
  get end(): Offset {
    return this.#next as Offset;
  }

  /**
   * Takes the next record; answers with the transaction that took effect with it. `tooOld`: where a certifier's window is bounded, it may also refuse what nobody stands against, because it
   * does not know any more.
   */
  take(offset: Offset, event: LogEvent, tooOld = false): CommittedTransaction | null {
    this.#next = offset + 1;
    if (event.kind === 'lease') {
      const { server, epoch, holder, action } = event;
      const before = this.#leases.get(server);
      if (action === 'renewed' || (before !== undefined && epoch < before.epoch)) return null;
      if (action === 'taken' && before?.epoch === epoch) return null;
      this.#leases.set(server, {
        epoch,
        holder: before?.epoch === epoch ? before.holder : holder,
        live: action === 'taken',
      });
      if (action === 'taken') this.holders.set(`${server}/${epoch}`, holder);
      for (const [id, open] of this.#open) if (open.server === server) this.#open.delete(id);
      return null;
    }
    const { transaction, server, commit } = event;
    const lease = this.#leases.get(server);
    if (lease !== undefined && (!lease.live || (commit !== null && commit.epoch !== lease.epoch))) return null;
    const open = this.#open.get(transaction) ?? { server, events: [] };
    if (event.kind === 'row') open.events.push(event);
    if (commit === null) {
      this.#open.set(transaction, open);
      return null;
    }
    this.#open.delete(transaction);
    if (open.events.length !== commit.events) return null;
    if (tooOld) {
      this.outcomes.set(offset, 'snapshot-too-old');
      return null;
    }
    return this.#decide(offset, event.timestamp, transaction, lease?.epoch ?? 0, open, commit);
  }

  #decide(
    offset: Offset,
    timestamp: number,
    transaction: VersionId,
    epoch: number,
    { server, events }: Open,
    commit: Commit,
  ): CommittedTransaction | null {
    const { snapshot } = commit;
    const candidate = { transaction, server, epoch, offset, snapshot, timestamp, events };
    const since = this.committed.filter((other) => other.offset >= snapshot);
    if (since.some((other) => overlap(other, candidate, commit))) {
      this.outcomes.set(offset, 'conflict');
      return null;
    }
    this.outcomes.set(offset, 'commit');
    this.committed.push(candidate);
    this.#byOffset.set(offset, candidate);
    this.#byId.set(transaction, candidate);
    const state = new Map(this.newest);
    for (const row of events) {
      if (row.op === 'delete') state.delete(rowName(row));
      else state.set(rowName(row), row);
    }
    this.#states.push({ from: offset + 1, state });
    return candidate;
  }

  commitAt(offset: number): CommittedTransaction | undefined {
    return this.#byOffset.get(offset);
  }

  commitOf(transaction: VersionId): CommittedTransaction | undefined {
    return this.#byId.get(transaction);
  }

  get newest(): State {
    return (this.#states.at(-1) as { state: State }).state;
  }

  /** What a snapshot sees: everything that took effect below it. */
  stateAt(snapshot: number): State {
    let at = this.#states.length - 1;
    while ((this.#states[at] as { from: number }).from > snapshot) at--;
    return (this.#states[at] as { state: State }).state;
  }
}

/** Everything that a row version occupies: its own place and its places in unique indexes. */
function placesOf({ table, key, claims }: RowVersion): ReadonlyArray<readonly [object: number, key: string]> {
  return [[table, key], ...claims.map((claim) => [claim.object, claim.key] as const)];
}

function overlap(other: CommittedTransaction, candidate: CommittedTransaction, { reads }: Commit): boolean {
  const written = other.events.flatMap(placesOf);
  if (written.some(([object, key]) => reads.some((r) => r.object === object && key >= r.from && key < r.to)))
    return true;
  if (other.server === candidate.server && other.epoch === candidate.epoch) return false;
  const own = new Set(candidate.events.flatMap(placesOf).map(([object, key]) => `${object}/${key}`));
  return written.some(([object, key]) => own.has(`${object}/${key}`));
}
