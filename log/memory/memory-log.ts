import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { type ChangeLog, type LogRecord, LogUnavailable, OutcomeUnknown, type StoredRecord } from '../change-log.js';

/** An append that is sent and never answered: whether it landed is known when `until` resolves. */
export interface UnknownFault {
  readonly kind: 'unknown';
  readonly landed: boolean;
  readonly until: Promise<void>;
}

/**
 * What a test or a simulation may do to an append: let it through (null), fail it, hold it until a promise resolves (or
 * fail it when that rejects), or leave its outcome open.
 */
export type AppendFault = (
  partition: Partition,
  records: readonly LogRecord[],
) => Error | Promise<void> | UnknownFault | null;

interface Pending {
  readonly records: readonly LogRecord[];
  readonly fault: ReturnType<AppendFault>;
  readonly resolve: (offset: Offset) => void;
  readonly reject: (error: Error) => void;
}

interface PartitionState {
  readonly records: StoredRecord[];
  /** Appends in the order of their calls; the first one is under way. */
  readonly queue: Pending[];
  pumping: boolean;
  /** An outcome is open. */
  unknown: boolean;
  readonly waiters: Set<() => void>;
}

/** The log in memory: for tests and simulation. Durable in the turn after the call, unless a fault says otherwise. */
export class MemoryLog implements ChangeLog {
  readonly partitions: number;
  readonly #states: PartitionState[];
  #fault: AppendFault | null = null;
  #closed = false;

  constructor(partitions = 1) {
    this.partitions = partitions;
    this.#states = Array.from({ length: partitions }, () => ({
      records: [],
      queue: [],
      pumping: false,
      unknown: false,
      waiters: new Set(),
    }));
  }

  /** Asked once for every append, when it is called. */
  setFault(fault: AppendFault | null): void {
    this.#fault = fault;
  }

  append(partition: Partition, records: readonly LogRecord[]): Promise<Offset> {
    const state = this.#state(partition);
    if (records.length === 0) return Promise.reject(new RangeError('an append without records'));
    if (this.#closed) return Promise.reject(new LogUnavailable('away', 'the log is closed'));
    if (state.unknown) return Promise.reject(new LogUnavailable('away', 'the outcome of an append is being found out'));
    const fault = this.#fault?.(partition, records) ?? null;
    return new Promise((resolve, reject) => {
      state.queue.push({ records: records.map(copyOf), fault, resolve, reject });
      if (!state.pumping) void this.#pump(state);
    });
  }

  /** Takes appends one by one; a failure fails all that wait. */
  async #pump(state: PartitionState): Promise<void> {
    state.pumping = true;
    // Never within the turn of the call: no real log answers so soon, and callers shall not come to rely on it.
    await new Promise((resolve) => setImmediate(resolve));
    for (let head = state.queue[0]; head !== undefined; head = state.queue[0]) {
      const { fault } = head;
      if (fault instanceof Error) fail(state, fault);
      else if (fault instanceof Promise) {
        try {
          await fault;
          land(state, head);
        } catch (error) {
          fail(state, error as Error);
        }
      } else if (fault === null) land(state, head);
      else leaveOpen(state, head, fault);
    }
    state.pumping = false;
  }

  async *tail(partition: Partition, from: Offset, signal: AbortSignal): AsyncIterable<readonly StoredRecord[]> {
    const state = this.#state(partition);
    let at: number = from;
    let wake = (): void => undefined;
    const woken = (): void => wake();
    state.waiters.add(woken);
    signal.addEventListener('abort', woken);
    try {
      while (!signal.aborted && !this.#closed) {
        if (at < state.records.length) {
          const batch = state.records.slice(at);
          at += batch.length;
          yield batch;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      state.waiters.delete(woken);
      signal.removeEventListener('abort', woken);
    }
  }

  async *read(partition: Partition, from: Offset, to: Offset): AsyncIterable<readonly StoredRecord[]> {
    const batch = this.#state(partition).records.slice(from, to);
    if (batch.length > 0) yield batch;
  }

  async end(partition: Partition): Promise<Offset> {
    return this.#state(partition).records.length as Offset;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { waiters } of this.#states) for (const wake of waiters) wake();
  }

  #state(partition: Partition): PartitionState {
    const state = this.#states[partition];
    if (state === undefined) throw new RangeError(`the log has no partition ${partition}`);
    return state;
  }
}

function store(state: PartitionState, records: readonly LogRecord[]): Offset {
  for (const record of records) state.records.push({ ...record, offset: state.records.length as Offset });
  for (const wake of state.waiters) wake();
  return (state.records.length - 1) as Offset;
}

function land(state: PartitionState, head: Pending): void {
  state.queue.shift();
  head.resolve(store(state, head.records));
}

function fail(state: PartitionState, error: Error): void {
  for (const { reject } of state.queue.splice(0)) reject(error);
}

function leaveOpen(state: PartitionState, head: Pending, { landed, until }: UnknownFault): void {
  state.unknown = true;
  const settled = until.then(() => {
    state.unknown = false;
    return landed ? store(state, head.records) : null;
  });
  state.queue.shift();
  head.reject(new OutcomeUnknown('sent, and not answered', settled));
  fail(state, new LogUnavailable('away', 'the outcome of an earlier append is not known'));
}

function copyOf(record: LogRecord): LogRecord {
  const { key, value, timestampMs, headers } = record;
  const kept = { key: key === null ? null : Buffer.from(key), value: Buffer.from(value), timestampMs };
  if (headers === undefined || headers.length === 0) return kept;
  return { ...kept, headers: headers.map(([name, bytes]) => [name, Buffer.from(bytes)] as const) };
}
