import { LogUnavailable, OutcomeUnknown } from '#log/change-log.js';
import { HybridClock } from '#log/clock/hybrid.js';
import { millisOf, VersionMint } from '#log/clock/hybrid-clock.js';
import { Overtaken } from '#log/servers/sole-writer-log.js';
import { Assembler } from '#log/transactions/assembler.js';
import type { Verdict } from '#log/transactions/certifier.js';
import { Decider } from '#log/transactions/decider.js';
import type { EventCodec } from '#schemas/events/codec.js';
import { recordKey } from '#schemas/events/codec.js';
import type { LogEvent, ReadRange, RowVersion } from '#schemas/events/event.js';
import type { Offset, VersionId } from '#schemas/kernel/brand.js';
import { rowName, type State } from '../invariants/history.js';
import { stateDigest } from '../invariants/state-digest.js';
import { accountsCodec } from './accounts.js';
import { bugInCertifier } from './planted-bugs.js';
import type { EngineSurroundings } from './running-engine.js';

/** What became of a transaction, as the log has it. */
export type Fate = Verdict['kind'] | 'void';

/** What is asked to be committed: events without their places in the log. */
export interface Proposal {
  readonly snapshot: Offset;
  readonly events: ReadonlyArray<Pick<RowVersion, 'table' | 'key' | 'op' | 'row' | 'previous' | 'claims'>>;
  readonly reads: readonly ReadRange[];
  /** Between the first events and the commit, where they are sent apart. */
  readonly between: (() => Promise<void>) | null;
}

interface Waiting {
  readonly places: ReadonlySet<string>;
  readonly tell: (fate: Fate, offset: Offset) => void;
}

/**
 * An engine that shares its partition with others: it follows the log, proposes transactions, and knows what became of them when it comes to their places. A model of what engines do that
 * write into one log, over the real decider; it has no row locks, and refuses what it would itself have put in a wrong order.
 */
export class CertifiedProcess {
  readonly #around: EngineSurroundings;
  readonly #codec: EventCodec = accountsCodec();
  readonly #decider: Decider;
  readonly #clock: HybridClock;
  readonly #mint: VersionMint;
  readonly #waiting = new Map<VersionId, Waiting>();
  /** Offset of the last own commit that wrote a place. */
  readonly #ownWrites = new Map<string, number>();
  #state: State = new Map();
  #next = 0 as Offset;
  #progress: Array<() => void> = [];
  #lease: { readonly epoch: number; readonly offset: Offset } | null = null;

  private constructor(around: EngineSurroundings) {
    const { clock, random, bug, limits } = around;
    this.#around = around;
    const certifier = bugInCertifier(bug, limits);
    this.#decider =
      certifier === null
        ? Decider.resume(null, { certifier: limits })
        : Decider.over(new Assembler(), certifier, 0 as Offset);
    this.#clock = new HybridClock(clock);
    this.#mint = new VersionMint(this.#clock, random);
  }

  static async start(around: EngineSurroundings): Promise<CertifiedProcess> {
    const process = new CertifiedProcess(around);
    const { client, partition, server, name } = around;
    process.#follow().catch((error: unknown) => around.fail(error));
    await process.#until(await client.end(partition));
    const epoch = process.#leases.epochOf(server) + 1;
    const timestamp = Number(process.#clock.nowMicros());
    const lease = { kind: 'lease', action: 'taken', server, epoch, holder: name, timestamp } as const;
    const offset = await process.#append([lease]);
    await process.#until((offset + 1) as Offset);
    if (!process.#leases.isHeldBy(server, offset)) throw new Overtaken(offset, true);
    process.#lease = { epoch, offset };
    return process;
  }

  get #leases() {
    return this.#decider.assembler.leases;
  }

  /** One past the last record that it has come to. */
  get reached(): Offset {
    return this.#next;
  }

  /** What stands there. Never changed in place. */
  get state(): State {
    return this.#state;
  }

  digest(): Promise<string> {
    return Promise.resolve(stateDigest(this.#state));
  }

  async #follow(): Promise<void> {
    const { client, partition, server } = this.#around;
    for await (const batch of client.tail(partition, this.#next, new AbortController().signal)) {
      for (const { offset, value, key } of batch) {
        this.#take(offset, this.#codec.decode(value, key));
        this.#next = (offset + 1) as Offset;
      }
      if (this.#lease !== null && !this.#leases.isHeldBy(server, this.#lease.offset))
        return this.#around.end('another engine has taken the server id');
      for (const go of this.#progress.splice(0)) go();
    }
  }

  #take(offset: Offset, event: LogEvent): void {
    this.#clock.observe(BigInt(event.timestamp));
    if (event.kind === 'row') this.#mint.raiseFloor(millisOf(event.version));
    const decision = this.#decider.take(offset, event);
    if (event.kind === 'lease' || event.commit === null) return;
    const fate = decision?.verdict.kind ?? 'void';
    if (decision !== null && fate === 'commit') this.#apply(decision.transaction.events);
    const waiting = this.#waiting.get(event.transaction);
    if (waiting === undefined) return;
    this.#waiting.delete(event.transaction);
    if (fate === 'commit') for (const place of waiting.places) this.#ownWrites.set(place, offset);
    waiting.tell(fate, offset);
  }

  #apply(events: Iterable<RowVersion>): void {
    const state = new Map(this.#state);
    for (const event of events) {
      if (event.op === 'delete') state.delete(rowName(event));
      else state.set(rowName(event), event);
    }
    this.#state = state;
  }

  async #until(offset: Offset): Promise<void> {
    while (this.#next < offset) await new Promise<void>((resolve) => this.#progress.push(resolve));
  }

  /** Would this engine's own transactions, of which the certifier asks nobody, be in a wrong order? */
  #outOfOrder(own: VersionId | null, places: ReadonlySet<string>, { snapshot, reads }: Proposal): boolean {
    for (const place of places) if ((this.#ownWrites.get(place) ?? -1) >= snapshot) return true;
    // They may have fallen out of the window, which then asks for others' only.
    if (reads.length > 0) for (const offset of this.#ownWrites.values()) if (offset >= snapshot) return true;
    for (const [id, waiting] of this.#waiting) {
      if (id === own) continue;
      for (const place of waiting.places) if (places.has(place) || reads.length > 0) return true;
    }
    return false;
  }

  /**
   * Sends a transaction and answers when its fate is known. Null: it was refused before anything was sent. `id` is told before.
   */
  async propose(proposal: Proposal, sent: (id: VersionId) => void): Promise<{ fate: Fate; offset: Offset } | null> {
    const lease = this.#lease;
    if (lease === null) throw new Error('an engine without a lease serves nobody');
    const places = new Set(proposal.events.flatMap(placesOf));
    if (this.#outOfOrder(null, places, proposal)) return null;
    const { server } = this.#around;
    const transaction = this.#mint.next();
    sent(transaction);
    const timestamp = Number(this.#clock.nowMicros());
    const commit = {
      epoch: lease.epoch,
      snapshot: proposal.snapshot,
      events: proposal.events.length,
      reads: proposal.reads,
    };
    const events = proposal.events.map(
      (event, sequence): RowVersion => ({
        ...event,
        kind: 'row',
        schemaVersion: 1,
        version: this.#mint.next(),
        server,
        transaction,
        sequence,
        before: null,
        consistency: 'strict',
        timestamp,
        uncertainty: 0,
        commit: sequence === proposal.events.length - 1 ? commit : null,
      }),
    );
    const decided = new Promise<{ fate: Fate; offset: Offset }>((resolve) => {
      this.#waiting.set(transaction, { places, tell: (fate, offset) => resolve({ fate, offset }) });
    });
    try {
      const last = events.pop() as RowVersion;
      if (proposal.between !== null && events.length > 0) {
        await this.#append(events.splice(0));
        await proposal.between();
        // Others of this engine may have been sent meanwhile; without its commit this one never was.
        if (this.#outOfOrder(transaction, places, proposal)) {
          this.#waiting.delete(transaction);
          return { fate: 'void', offset: -1 as Offset };
        }
      }
      await this.#append([...events, last]);
    } catch (error) {
      if (!(error instanceof LogUnavailable)) throw error;
      this.#waiting.delete(transaction);
      return { fate: 'void', offset: -1 as Offset };
    }
    return decided;
  }

  /** Of an append that was not answered it waits to hear what became of it. */
  async #append(events: readonly LogEvent[]): Promise<Offset> {
    const { client, partition } = this.#around;
    const records = events.map((event) => ({
      key: event.kind === 'row' ? recordKey(event.table, event.key) : null,
      value: this.#codec.encode(event),
      timestampMs: 0,
    }));
    const appended = client.append(partition, records);
    this.#codec.reset();
    try {
      return await appended;
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      const offset = await error.settled;
      if (offset === null) throw new LogUnavailable('away', 'sent, and lost');
      return offset;
    }
  }
}

function placesOf({ table, key, claims }: Pick<RowVersion, 'table' | 'key' | 'claims'>): string[] {
  return [`${table}/${key}`, ...claims.map((claim) => `${claim.object}/${claim.key}`)];
}
