import { type ChangeLog, type LogRecord, LogUnavailable, OutcomeUnknown, type StoredRecord } from '#log/change-log.js';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import type { Actor, Choice } from './scheduler.js';
import type { SeededRandom } from './seeded-random.js';
import type { SimulatedLog } from './simulated-log.js';

interface Sent {
  readonly partition: Partition;
  readonly records: readonly LogRecord[];
  readonly resolve: (offset: Offset) => void;
  readonly reject: (error: Error) => void;
  /** Records that stand in the log: others' may come between them. */
  landed: number;
  /** Once all do. */
  offset: Offset | null;
  /** The sender has been told that nobody knows. */
  unknown: ((offset: Offset | null) => void) | null;
}

/** How a network treats its clients; chances of one thing against another. */
export interface NetworkRates {
  readonly land: number;
  readonly acknowledge: number;
  readonly deliver: number;
  /** An append fails, for certain. */
  readonly fail: number;
  /** The connection breaks, and what was sent may have arrived or not. */
  readonly lose: number;
  readonly settle: number;
}

/**
 * One process's way to the log: requests and answers take as long as the scheduler likes, connections break, and what a dead process has sent may still arrive. Appends of one process to
 * one partition arrive in the order of their calls; those of several processes, and of several partitions, do not.
 */
export class LogClient implements ChangeLog, Actor {
  readonly partitions: number;
  readonly name: string;
  readonly #log: SimulatedLog;
  readonly #random: SeededRandom;
  readonly #rates: NetworkRates;
  #sent: Sent[] = [];
  readonly #asking: Array<{ readonly partition: Partition; readonly resolve: (end: Offset) => void }> = [];
  readonly #delivered = new Map<Partition, number>();
  readonly #following = new Map<Partition, () => void>();
  /** The process hears nothing: stopped, or cut off. What it has sent still arrives. */
  deaf = false;
  dead = false;
  /** Bug on purpose: an append is acknowledged when it is sent. */
  acknowledgesEarly = false;

  constructor(name: string, log: SimulatedLog, random: SeededRandom, rates: NetworkRates) {
    this.name = name;
    this.#log = log;
    this.#random = random;
    this.#rates = rates;
    this.partitions = log.partitions;
  }

  /** Nothing that it has sent is under way any more. */
  get idle(): boolean {
    return this.#sent.length === 0;
  }

  append(partition: Partition, records: readonly LogRecord[]): Promise<Offset> {
    if (this.#sent.some((sent) => sent.partition === partition && sent.unknown !== null))
      return Promise.reject(new LogUnavailable('away', 'the outcome of an append is being found out'));
    const copies = records.map(copyOf);
    return new Promise((resolve, reject) => {
      this.#sent.push({ partition, records: copies, resolve, reject, landed: 0, offset: null, unknown: null });
      if (!this.acknowledgesEarly) return;
      const before = this.#sent.reduce(
        (n, s) => (s.offset === null && s.partition === partition ? n + s.records.length : n),
        0,
      );
      resolve((this.#log.end(partition) + before - 1) as Offset);
    });
  }

  async *tail(partition: Partition, from: Offset, signal: AbortSignal): AsyncIterable<readonly StoredRecord[]> {
    let at: number = from;
    this.#delivered.set(partition, from);
    let wake = (): void => undefined;
    this.#following.set(partition, () => wake());
    signal.addEventListener('abort', () => wake());
    while (!signal.aborted) {
      const to = this.#delivered.get(partition) ?? at;
      if (at < to) {
        const batch = this.#log.records(partition, at, to);
        at = to;
        if (batch.length > 0) yield batch;
      } else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }

  async *read(partition: Partition, from: Offset, to: Offset): AsyncIterable<readonly StoredRecord[]> {
    const records = this.#log.records(partition, from, to);
    for (let at = 0; at < records.length; ) {
      const count = 1 + this.#random.below(records.length);
      yield records.slice(at, at + count);
      at += count;
    }
  }

  end(partition: Partition): Promise<Offset> {
    return new Promise((resolve) => this.#asking.push({ partition, resolve }));
  }

  close(): Promise<void> {
    this.kill();
    return Promise.resolve();
  }

  /** The process is gone: nothing reaches it any more. */
  kill(): void {
    this.dead = true;
    this.#asking.length = 0;
    this.#following.clear();
    this.#sent = this.#sent.filter((sent) => sent.offset === null);
  }

  choices(): readonly Choice[] {
    const choices: Choice[] = [];
    for (let p = 0; p < this.partitions; p++) {
      const partition = p as Partition;
      const sent = this.#sent.filter((other) => other.partition === partition);
      if (sent.length > 0) this.#offerSent(choices, partition, sent);
      const from = this.#delivered.get(partition);
      if (!this.dead && !this.deaf && from !== undefined && from < this.#log.end(partition))
        choices.push({
          name: `${this.name}: is told what stands in ${p} from ${from} on`,
          weight: this.#rates.deliver,
          run: () => this.#deliver(partition, from),
        });
    }
    if (this.#asking.length > 0 && !this.deaf)
      choices.push({
        name: `${this.name}: learns the log's end`,
        weight: this.#rates.land,
        run: () => this.#answerEnd(),
      });
    return choices;
  }

  #offerSent(choices: Choice[], partition: Partition, sent: readonly Sent[]): void {
    const { name } = this;
    const { land, acknowledge, fail, lose, settle } = this.#rates;
    const flying = sent.find(({ offset }) => offset === null);
    const head = sent[0] as Sent;
    if (flying !== undefined)
      choices.push({ name: `${name}: an append to ${partition} lands`, weight: land, run: () => this.#land(flying) });
    if (this.dead) {
      choices.push({ name: `${name}: what was sent is lost`, weight: lose, run: () => this.#forget(sent) });
      return;
    }
    if (this.deaf || this.acknowledgesEarly) return;
    if (head.unknown !== null) {
      const run = (): void => this.#settle(sent);
      choices.push({ name: `${name}: outcomes in ${partition} are found out`, weight: settle, run });
      return;
    }
    if (head.offset !== null) {
      choices.push({
        name: `${name}: an append to ${partition} is acknowledged`,
        weight: acknowledge,
        run: () => this.#acknowledge(head),
      });
    } else if (head.landed === 0)
      choices.push({ name: `${name}: appends to ${partition} fail`, weight: fail, run: () => this.#fail(sent) });
    choices.push({ name: `${name}: the connection breaks`, weight: lose, run: () => this.#lose(sent) });
  }

  #land(sent: Sent): void {
    const { partition, records, landed } = sent;
    sent.landed = this.#random.chance(0.8) ? records.length : landed + 1 + this.#random.below(records.length - landed);
    const offset = this.#log.store(partition, records.slice(landed, sent.landed));
    if (sent.landed < records.length) return;
    sent.offset = offset;
    if (this.dead || this.acknowledgesEarly) this.#forget([sent]);
  }

  #acknowledge(sent: Sent): void {
    this.#forget([sent]);
    sent.resolve(sent.offset as Offset);
  }

  #fail(all: readonly Sent[]): void {
    this.#forget(all);
    for (const { reject } of all) reject(new LogUnavailable('away', 'the log is away'));
  }

  /** All that were sent are rejected at once; which of them arrive is found out later. */
  #lose(all: readonly Sent[]): void {
    for (const sent of all) {
      const settled = new Promise<Offset | null>((resolve) => {
        sent.unknown = resolve;
      });
      sent.reject(new OutcomeUnknown('sent, and not answered', settled));
    }
  }

  #settle(all: readonly Sent[]): void {
    this.#forget(all);
    for (const { unknown, offset } of all) unknown?.(offset);
  }

  #forget(all: readonly Sent[]): void {
    this.#sent = this.#sent.filter((sent) => !all.includes(sent));
  }

  #deliver(partition: Partition, from: number): void {
    const count = 1 + this.#random.below(this.#log.end(partition) - from);
    this.#delivered.set(partition, from + count);
    this.#following.get(partition)?.();
  }

  #answerEnd(): void {
    for (const { partition, resolve } of this.#asking.splice(0)) resolve(this.#log.end(partition));
  }
}

function copyOf({ key, value, timestampMs }: LogRecord): LogRecord {
  return { key: key === null ? null : Buffer.from(key), value: Buffer.from(value), timestampMs };
}
