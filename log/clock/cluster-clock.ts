import type { Clock, DatagramGroup } from '#schemas/kernel/ports.js';
import { BEAT_FLAGS, type Beat, decodeBeat, EXPECTED_UNCERTAINTY_NS } from './beat.js';
import { SampleWindow } from './sample-window.js';

/** Weight of a new sample of the offset. */
const SMOOTHING = 0.1;
/** Without a beat for this long there is no cluster time. */
const LOST_MS = 5_000;
/** How fast two machines' clocks may part when nobody has measured it: quartz of the worse kind. */
const DRIFT_PPB = 50_000;
/** What a beat takes on its way at the least is not seen by who only listens; in a local network it is less than this. */
const HIDDEN_DELAY_NS = 500_000;
/** Until so many beats of a master were heard, nobody knows how the network scatters them: it is taken to be no better than before, or than this. */
const SAMPLES_MIN = 30;
const UNKNOWN_DEVIATION_NS = 2_000_000;
/** Of drift: the interval must be long enough that a late datagram does not pass for it. */
const DRIFT_INTERVAL_MS = 10_000;

export interface ClusterClockOptions {
  /** The machine's own. */
  readonly clock: Clock;
  readonly group: DatagramGroup;
  onEvent(event: ClusterClockEvent): void;
}

export type ClusterClockEvent =
  | { readonly kind: 'synchronised'; readonly epoch: number; readonly master: number }
  | { readonly kind: 'epoch changed'; readonly epoch: number; readonly master: number; readonly failover: boolean }
  | { readonly kind: 'lost'; readonly silentMs: number };

export interface ClusterClockStatus {
  readonly synchronised: boolean;
  readonly epoch: number;
  readonly master: number;
  readonly beats: number;
  /** Beats that were sent and did not come. */
  readonly missed: number;
  /** Of the machine's clock, behind the cluster's. */
  readonly offsetMicros: number;
  readonly uncertaintyMicros: number;
  readonly bestMicros: number;
  readonly worstMicros: number;
  readonly driftPpb: number;
  readonly sinceBeatMs: number;
}

/**
 * The cluster's time, as this machine has it from a master's beats: its own clock and a smoothed offset. Without beats it is the machine's time again, with the uncertainty of a machine
 * that nobody synchronises. It may step back by what a correction takes: HybridClock, which stands above it, does not.
 */
export class ClusterClock implements Clock {
  readonly #options: ClusterClockOptions;
  readonly #offsets = new SampleWindow();
  #last: Beat | null = null;
  #lastBeatMs = 0;
  /** Of the beats of the master before. */
  #deviationBeforeNs = UNKNOWN_DEVIATION_NS;
  #offsetNs = 0;
  #driftPpb = 0;
  #anchor: { readonly offsetNs: number; readonly atMs: number } | null = null;
  #synchronised = false;
  #beats = 0;
  #missed = 0;
  #bestNs = Number.POSITIVE_INFINITY;
  #worstNs = 0;

  constructor(options: ClusterClockOptions) {
    this.#options = options;
    options.group.listen((bytes) => this.#hear(bytes));
  }

  nowMicros(): bigint {
    const own = this.#options.clock.nowMicros();
    return this.#isSynchronised() ? own + BigInt(Math.round(this.#offsetNs / 1_000)) : own;
  }

  /** Bound on the error of `nowMicros`: the master's own, what both clocks may have drifted since its last beat, and what the network does to beats. */
  uncertaintyMicros(): number {
    return Math.ceil(this.#uncertaintyNs() / 1_000);
  }

  monotonicMs(): number {
    return this.#options.clock.monotonicMs();
  }

  after(ms: number, run: () => void): () => void {
    return this.#options.clock.after(ms, run);
  }

  get status(): ClusterClockStatus {
    const synchronised = this.#isSynchronised();
    const last = this.#last;
    return {
      synchronised,
      epoch: last?.epoch ?? 0,
      master: last?.master ?? 0,
      beats: this.#beats,
      missed: this.#missed,
      offsetMicros: synchronised ? this.#offsetNs / 1_000 : 0,
      uncertaintyMicros: this.uncertaintyMicros(),
      bestMicros: Number.isFinite(this.#bestNs) ? this.#bestNs / 1_000 : 0,
      worstMicros: this.#worstNs / 1_000,
      driftPpb: this.#driftPpb,
      sinceBeatMs: last === null ? 0 : this.monotonicMs() - this.#lastBeatMs,
    };
  }

  #uncertaintyNs(): number {
    const last = this.#last;
    if (last === null || !this.#isSynchronised()) return EXPECTED_UNCERTAINTY_NS.local;
    const sinceNs = (this.monotonicMs() - this.#lastBeatMs) * 1_000_000;
    const driftNs = (sinceNs * Math.max(Math.abs(this.#driftPpb), DRIFT_PPB)) / 1e9;
    return last.uncertainty + driftNs + 3 * this.#deviationNs() + HIDDEN_DELAY_NS;
  }

  #deviationNs(): number {
    const { count, deviation } = this.#offsets;
    return count < SAMPLES_MIN ? Math.max(deviation, this.#deviationBeforeNs) : deviation;
  }

  #isSynchronised(): boolean {
    if (!this.#synchronised) return false;
    const silentMs = this.monotonicMs() - this.#lastBeatMs;
    if (silentMs < LOST_MS) return true;
    this.#synchronised = false;
    this.#options.onEvent({ kind: 'lost', silentMs });
    return false;
  }

  #hear(bytes: Uint8Array): void {
    const beat = decodeBeat(bytes);
    if (beat === null) return;
    const last = this.#isSynchronised() ? this.#last : null;
    if (last !== null && isOlder(beat, last)) return;
    const { clock, onEvent } = this.#options;
    const atMs = clock.monotonicMs();
    const offsetNs = Number(beat.timestamp - clock.nowMicros() * 1_000n);
    const sameMaster = last !== null && last.epoch === beat.epoch && last.master === beat.master;
    if (sameMaster) this.#missed += beat.sequence - last.sequence - 1;
    this.#beats++;
    this.#last = beat;
    this.#lastBeatMs = atMs;
    // Another master, or another time of the same one: what was measured before says nothing any more.
    if (!sameMaster || (beat.flags & BEAT_FLAGS.resync) !== 0) this.#begin(offsetNs, atMs);
    else this.#smooth(offsetNs, atMs);
    if (!this.#synchronised) {
      this.#synchronised = true;
      onEvent({ kind: 'synchronised', epoch: beat.epoch, master: beat.master });
    } else if (!sameMaster)
      onEvent({
        kind: 'epoch changed',
        epoch: beat.epoch,
        master: beat.master,
        failover: (beat.flags & BEAT_FLAGS.failover) !== 0,
      });
    const uncertainty = this.#uncertaintyNs();
    this.#bestNs = Math.min(this.#bestNs, uncertainty);
    this.#worstNs = Math.max(this.#worstNs, uncertainty);
  }

  #begin(offsetNs: number, atMs: number): void {
    this.#deviationBeforeNs = Math.max(this.#deviationNs(), UNKNOWN_DEVIATION_NS);
    this.#offsets.clear();
    this.#offsets.add(offsetNs);
    this.#offsetNs = offsetNs;
    this.#anchor = { offsetNs, atMs };
  }

  #smooth(sampleNs: number, atMs: number): void {
    this.#offsets.add(sampleNs);
    // The mean of the first few, so that none of them counts for more than the others.
    this.#offsetNs += Math.max(SMOOTHING, 1 / this.#offsets.count) * (sampleNs - this.#offsetNs);
    const anchor = this.#anchor;
    if (anchor === null || atMs - anchor.atMs < DRIFT_INTERVAL_MS) return;
    this.#driftPpb = ((this.#offsetNs - anchor.offsetNs) / ((atMs - anchor.atMs) * 1_000_000)) * 1e9;
    this.#anchor = { offsetNs: this.#offsetNs, atMs };
  }
}

/** Does it come too late, from a master that does not lead any more, or for a second time? */
function isOlder(beat: Beat, last: Beat): boolean {
  if (beat.epoch !== last.epoch) return beat.epoch < last.epoch;
  if (beat.master !== last.master) return beat.master > last.master;
  return beat.sequence <= last.sequence;
}
