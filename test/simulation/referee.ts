import type { StoredRecord } from '#log/change-log.js';
import type { CertifierLimits } from '#log/transactions/certifier.js';
import { Decider } from '#log/transactions/decider.js';
import type { EventCodec } from '#schemas/events/codec.js';
import type { Offset, Partition, VersionId } from '#schemas/kernel/brand.js';
import type { Row } from '#schemas/values/value.js';
import { Acknowledged } from '../invariants/acknowledged.js';
import { checkCommitOrder } from '../invariants/commit-order.js';
import { EqualDigests } from '../invariants/equal-digests.js';
import { type CommittedTransaction, History, rowName, type State } from '../invariants/history.js';
import { checkRoundTrip } from '../invariants/round-trip.js';
import { stateDigest } from '../invariants/state-digest.js';
import { insist } from '../invariants/violation.js';
import { Watermarks } from '../invariants/watermarks.js';
import { accountOf, accountsCodec, FIRST_BALANCE } from './accounts.js';
import { recordLine } from './record-line.js';

/** What the clients of one transaction know of it when they are told that it is committed. */
export interface Committed {
  readonly transaction: VersionId;
  readonly offset: Offset;
  readonly snapshot: Offset;
  /** It was serializable and has read the whole table. */
  readonly serializedAll: boolean;
}

/**
 * Sees everything that happens in a simulated world and holds it against the invariants at once, so that a run ends where it went wrong.
 */
export class Referee {
  /** All records, for people. */
  readonly lines: string[] = [];
  readonly watermarks = new Watermarks();
  readonly digests = new EqualDigests();
  readonly #histories: readonly History[];
  /** As everybody has one, but from the beginning, without a pause. */
  readonly #deciders: readonly Decider[];
  readonly #acknowledged: readonly Acknowledged[];
  readonly #codec: EventCodec = accountsCodec();

  constructor(partitions: number, limits: CertifierLimits) {
    this.#deciders = Array.from({ length: partitions }, () => Decider.resume(null, { certifier: limits }));
    this.#histories = Array.from({ length: partitions }, () => new History());
    this.#acknowledged = this.#histories.map((history) => new Acknowledged(history));
  }

  /** What clients of a partition were told. */
  told(partition: Partition): Acknowledged {
    return this.#acknowledged[partition] as Acknowledged;
  }

  /** Commits that clients were told of. */
  get commits(): number {
    return this.#acknowledged.reduce((sum, { commits }) => sum + commits, 0);
  }

  /** At the end. */
  check(): void {
    for (const acknowledged of this.#acknowledged) acknowledged.check();
  }

  history(partition: Partition): History {
    return this.#histories[partition] as History;
  }

  /** A record has come to stand in the log. */
  record(partition: Partition, { value, key, offset }: StoredRecord): void {
    const history = this.history(partition);
    const before = history.newest;
    const event = checkRoundTrip(this.#codec, value, key);
    this.lines.push(recordLine(partition, offset, event));
    const verdict = (this.#deciders[partition] as Decider).take(offset, event)?.verdict.kind;
    const commit = history.take(offset, event, verdict === 'snapshot-too-old');
    const outcome = history.outcomes.get(offset);
    insist(
      verdict === outcome,
      'I3',
      () => `offset ${offset} of partition ${partition} is decided as ${verdict}, and should be as ${outcome}`,
    );
    if (commit === null) return;
    checkCommitOrder(history, commit);
    checkMoney(before, commit);
    checkEmails(history.newest, commit);
    this.digests.tell('I3', `partition ${partition}`, offset + 1, stateDigest(history.newest), 'the history');
  }

  /** A client was told of its commit. */
  committed(partition: Partition, holder: string, commit: Committed): void {
    const history = this.history(partition);
    const { transaction, offset, snapshot, serializedAll } = commit;
    this.told(partition).commit(transaction, offset, holder);
    if (!serializedAll) return;
    const then = stateDigest(history.stateAt(snapshot));
    const now = stateDigest(history.stateAt(offset));
    insist(
      then === now,
      'I2',
      () => `serializable ${transaction} at offset ${offset} has not read what stood before it`,
    );
  }

  /** `by` has applied everything below `offset` and stands at `digest`. */
  applied(partition: Partition, by: string, offset: number, digest: string): void {
    const history = this.history(partition);
    this.watermarks.moved(`${by}, partition ${partition}`, offset, history.end);
    const expected = stateDigest(history.stateAt(offset));
    insist(
      expected === digest,
      'I3',
      () => `${by} at offset ${offset} of partition ${partition} comes to ${digest}, and should to ${expected}`,
    );
  }

  rowsAt(partition: Partition, snapshot: number): Map<number, Row> {
    const rows = new Map<number, Row>();
    for (const { row } of this.history(partition).stateAt(snapshot).values())
      if (row !== null) rows.set(row[0] as number, row);
    return rows;
  }
}

/** Money comes with new accounts only, a round sum with each or none, and is moved in smaller sums. */
function checkMoney(before: State, { transaction, offset, events }: CommittedTransaction): void {
  let made = 0;
  let opened = 0;
  for (const event of events) {
    const old = before.get(rowName(event))?.row ?? null;
    if (old === null && event.row !== null) opened++;
    made += (event.row === null ? 0 : accountOf(event.row).balance) - (old === null ? 0 : accountOf(old).balance);
  }
  const round = made >= 0 && made <= opened * FIRST_BALANCE && made % FIRST_BALANCE === 0;
  insist(
    round,
    'work',
    () => `transaction ${transaction} at offset ${offset} opens ${opened} accounts and makes ${made}`,
  );
}

function checkEmails(state: State, { transaction, offset }: CommittedTransaction): void {
  const seen = new Set<string>();
  for (const { row } of state.values()) {
    const email = row === null ? null : accountOf(row).email;
    if (email === null) continue;
    insist(
      !seen.has(email),
      'work',
      () => `since transaction ${transaction} at offset ${offset} there are two of ${email}`,
    );
    seen.add(email);
  }
}
