import type { Clock, DatagramGroup } from '#schemas/kernel/ports.js';
import { BEAT_FLAGS, type Beat, decodeBeat, EXPECTED_UNCERTAINTY_NS, encodeBeat, type TimeSource } from './beat.js';
import { SampleWindow } from './sample-window.js';

const BEAT_PERIOD_MS = 50;
/** Beats that are missed before a backup takes over: its first own beat comes within half a second. */
const BEATS_MISSED_MAX = 8;
/** How long a new master's beats say that it has taken over. */
const FAILOVER_BEATS = 20;
/** The machine's clock was set: more than this between two beats is no drift. */
const STEP_NS = 10_000_000;
/** What reading the machine's clock is off by. */
const READING_NOISE_NS = 1_000;
/** Uncertainties are compared with those of so long ago. */
const COMPARE_MS = 10_000;
/** How many of the own beats are known again when the network gives them back. */
const OWN_BEATS_KEPT = 64;

/** What a machine knows of the source of its time, now. */
export interface SourceReading {
  readonly source: TimeSource;
  readonly stratum: number;
  /** As the source itself measures it; null = it does not. */
  readonly uncertaintyNs: number | null;
}

export interface ClockMasterOptions {
  /** 0 = primary; each backup behind waits a little longer. */
  readonly id: number;
  /** The machine's own. */
  readonly clock: Clock;
  readonly group: DatagramGroup;
  readonly source: () => SourceReading;
  /** The highest epoch that this master has ever led or seen; it survives restarts. */
  readonly epoch: number;
  onEvent(event: MasterEvent): void;
}

export type MasterEvent =
  | { readonly kind: 'leads'; readonly epoch: number; readonly failover: boolean }
  | { readonly kind: 'stands by'; readonly epoch: number; readonly master: number }
  | { readonly kind: 'clock was set'; readonly byNs: number }
  | { readonly kind: 'uncertainty grew'; readonly fromNs: number; readonly toNs: number }
  | { readonly kind: 'same id'; readonly master: number };

export interface MasterStatus {
  readonly leading: boolean;
  readonly epoch: number;
  readonly sent: number;
  readonly failovers: number;
  readonly uncertaintyNs: number;
  readonly leadingForMs: number;
}

/**
 * One of the machines that may tell the cluster its time. At most one leads; the others listen and take over when it is silent. Where two lead, because they did not hear each other, the
 * one of the lower epoch steps down, and of two in one epoch the one with the higher id.
 */
export class ClockMaster {
  readonly #options: ClockMasterOptions;
  #epoch: number;
  #leading = false;
  #leadingSinceMs = 0;
  /** Beats of this term; of all terms. */
  #sequence = 0;
  #sent = 0;
  #failovers = 0;
  #announcements = 0;
  #lastHeardMs: number;
  #heardAnybody = false;
  /** Silence that makes it lead. */
  #silenceMaxMs: number;
  #cancel: () => void = () => undefined;
  #stopped = false;
  readonly #own = new Map<number, bigint>();
  /** Wall time less monotonic time: what changes of it the wall clock has done. */
  readonly #offsets = new SampleWindow();
  #lastOffsetNs: number | null = null;
  #firstOffset: { readonly ns: number; readonly atMs: number } | null = null;
  #resync = 0;
  #uncertaintyNs = 0;
  #compared: { readonly ns: number; readonly atMs: number } | null = null;

  constructor(options: ClockMasterOptions) {
    this.#options = options;
    this.#epoch = options.epoch;
    this.#lastHeardMs = options.clock.monotonicMs();
    // Those who start together let the first one lead.
    this.#silenceMaxMs = takeoverMs(options.id) * (options.id + 1);
  }

  start(): void {
    this.#options.group.listen((bytes) => this.#hear(bytes));
    this.#tick(this.#options.clock.monotonicMs());
  }

  /** Sends nothing any more; a backup takes over. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  get status(): MasterStatus {
    const { clock } = this.#options;
    return {
      leading: this.#leading,
      epoch: this.#epoch,
      sent: this.#sent,
      failovers: this.#failovers,
      uncertaintyNs: this.#uncertaintyNs,
      leadingForMs: this.#leading ? clock.monotonicMs() - this.#leadingSinceMs : 0,
    };
  }

  /** `dueMs`: when this tick should have come. Ticks keep their places, so that a late one makes no later ones late. */
  #tick(dueMs: number): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    const now = clock.monotonicMs();
    this.#measure(now);
    if (!this.#leading && now - this.#lastHeardMs >= this.#silenceMaxMs) this.#lead();
    if (this.#leading) this.#send();
    const turn = this.#lastHeardMs + this.#silenceMaxMs;
    const due = this.#leading || turn <= now ? dueMs + BEAT_PERIOD_MS : Math.min(dueMs + BEAT_PERIOD_MS, turn);
    const next = Math.max(due, now);
    this.#cancel = clock.after(next - now, () => this.#tick(next));
  }

  #measure(nowMs: number): void {
    const { clock, source, onEvent } = this.#options;
    const offsetNs = Number(clock.nowMicros()) * 1_000 - nowMs * 1_000_000;
    const change = this.#lastOffsetNs === null ? 0 : offsetNs - this.#lastOffsetNs;
    this.#lastOffsetNs = offsetNs;
    if (Math.abs(change) > STEP_NS) {
      this.#offsets.clear();
      this.#firstOffset = null;
      this.#resync = FAILOVER_BEATS;
      onEvent({ kind: 'clock was set', byNs: change });
    } else this.#offsets.add(change);
    this.#firstOffset ??= { ns: offsetNs, atMs: nowMs };
    const reading = source();
    const measured = 3 * this.#offsets.deviation + READING_NOISE_NS + (reading.uncertaintyNs ?? 0);
    this.#uncertaintyNs = Math.max(measured, EXPECTED_UNCERTAINTY_NS[reading.source]);
    this.#compareUncertainty(nowMs, onEvent);
  }

  /** Told against what it was a while ago, so that one that comes and goes is not told at each beat. */
  #compareUncertainty(nowMs: number, onEvent: ClockMasterOptions['onEvent']): void {
    const compared = this.#compared;
    if (compared !== null && nowMs - compared.atMs < COMPARE_MS) return;
    const toNs = this.#uncertaintyNs;
    if (compared !== null && toNs >= compared.ns * 1.5)
      onEvent({ kind: 'uncertainty grew', fromNs: compared.ns, toNs });
    this.#compared = { ns: toNs, atMs: nowMs };
  }

  #lead(): void {
    const failover = this.#heardAnybody;
    this.#epoch++;
    this.#leading = true;
    this.#leadingSinceMs = this.#options.clock.monotonicMs();
    this.#sequence = 0;
    this.#announcements = failover ? FAILOVER_BEATS : 0;
    if (failover) this.#failovers++;
    this.#own.clear();
    this.#options.onEvent({ kind: 'leads', epoch: this.#epoch, failover });
  }

  #send(): void {
    const { clock, group, id, source } = this.#options;
    const reading = source();
    const sequence = ++this.#sequence;
    const timestamp = clock.nowMicros() * 1_000n;
    this.#own.set(sequence, timestamp);
    this.#own.delete(sequence - OWN_BEATS_KEPT);
    this.#sent++;
    const beat: Beat = {
      sequence,
      timestamp,
      uncertainty: this.#uncertaintyNs,
      uncertaintyMax: this.#uncertaintyNs * 2,
      source: reading.source,
      stratum: reading.stratum,
      jitter: this.#offsets.deviation,
      wander: this.#wander(),
      epoch: this.#epoch,
      master: id,
      flags: this.#flags(reading),
    };
    group.send(encodeBeat(beat));
  }

  #flags({ source }: SourceReading): number {
    let flags = 0;
    if (this.#announcements > 0) {
      this.#announcements--;
      flags |= BEAT_FLAGS.failover;
    }
    if (this.#resync > 0) {
      this.#resync--;
      flags |= BEAT_FLAGS.resync;
    }
    if (source === 'local') flags |= BEAT_FLAGS.degraded;
    return source === 'gps' ? flags | BEAT_FLAGS.gpsLock : flags;
  }

  /** Of the wall clock against the monotonic one, parts per billion. */
  #wander(): number {
    const first = this.#firstOffset;
    const elapsedMs = first === null ? 0 : this.#options.clock.monotonicMs() - first.atMs;
    if (first === null || elapsedMs < 1_000) return 0;
    const ppb = (((this.#lastOffsetNs ?? first.ns) - first.ns) / (elapsedMs * 1_000_000)) * 1e9;
    return Math.max(Math.min(Math.round(ppb), 0x7fffffff), -0x80000000);
  }

  #hear(bytes: Uint8Array): void {
    const beat = decodeBeat(bytes);
    if (beat === null || this.#stopped || this.#isOwn(beat)) return;
    const { id, onEvent } = this.#options;
    if (beat.epoch < this.#epoch) return;
    if (this.#leading && beat.epoch === this.#epoch) {
      if (beat.master === id) onEvent({ kind: 'same id', master: id });
      if (beat.master > id || (beat.master === id && beat.sequence <= this.#sequence)) return;
    }
    if (this.#leading || !this.#heardAnybody || beat.epoch > this.#epoch)
      onEvent({ kind: 'stands by', epoch: beat.epoch, master: beat.master });
    this.#leading = false;
    this.#epoch = beat.epoch;
    this.#heardAnybody = true;
    this.#lastHeardMs = this.#options.clock.monotonicMs();
    this.#silenceMaxMs = takeoverMs(id);
  }

  #isOwn({ epoch, master, sequence, timestamp }: Beat): boolean {
    return epoch === this.#epoch && master === this.#options.id && this.#own.get(sequence) === timestamp;
  }
}

/** Silence after which a backup leads. Backups behind the first leave it a beat's time each. */
function takeoverMs(id: number): number {
  return (BEATS_MISSED_MAX + Math.max(id - 1, 0) * 2) * BEAT_PERIOD_MS;
}
