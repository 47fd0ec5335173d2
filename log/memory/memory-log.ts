import type { Offset, Partition } from '#schemas/kernel/brand.js';
import type { ChangeLog, LogRecord, StoredRecord } from '../change-log.js';

/** What a test or a simulation may do to an append: let it through, fail it, or hold it until the promise resolves. */
export type AppendFault = (partition: Partition, records: readonly LogRecord[]) => Error | Promise<void> | null;

interface PartitionState {
  readonly records: StoredRecord[];
  /** One past the last acknowledged record. */
  durable: number;
  waiters: Array<() => void>;
  last: Promise<unknown>;
}

/** The log in memory: for tests and simulation. Durable at once, unless a fault says otherwise. */
export class MemoryLog implements ChangeLog {
  readonly partitions: number;
  readonly #states: PartitionState[];
  #fault: AppendFault | null = null;

  constructor(partitions = 1) {
    this.partitions = partitions;
    this.#states = Array.from({ length: partitions }, () => ({ records: [], durable: 0, waiters: [], last: Promise.resolve() }));
  }

  setFault(fault: AppendFault | null): void {
    this.#fault = fault;
  }

  append(partition: Partition, records: readonly LogRecord[]): Promise<Offset> {
    const state = this.#state(partition);
    const kept = records.map((r) => ({ key: r.key === null ? null : Buffer.from(r.key), value: Buffer.from(r.value), timestampMs: r.timestampMs }));
    const fault = this.#fault?.(partition, records) ?? null;
    const appended = state.last.then(async () => {
      if (fault instanceof Error) throw fault;
      if (fault !== null) await fault;
      for (const record of kept) state.records.push({ ...record, offset: state.records.length as Offset });
      state.durable = state.records.length;
      for (const wake of state.waiters.splice(0)) wake();
      return (state.durable - 1) as Offset;
    });
    // Those called behind a failed append and before its failure was delivered fail with it.
    state.last = appended;
    appended.catch(() => {
      if (state.last === appended) state.last = Promise.resolve();
      else setImmediate(() => (state.last = Promise.resolve()));
    });
    return appended;
  }

  async *tail(partition: Partition, from: Offset, signal: AbortSignal): AsyncIterable<readonly StoredRecord[]> {
    const state = this.#state(partition);
    let at: number = from;
    while (!signal.aborted) {
      if (at < state.durable) {
        const batch = state.records.slice(at, state.durable);
        at = state.durable;
        yield batch;
        continue;
      }
      await new Promise<void>((resolve) => {
        state.waiters.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  async *read(partition: Partition, from: Offset, to: Offset): AsyncIterable<readonly StoredRecord[]> {
    const batch = this.#state(partition).records.slice(from, to);
    if (batch.length > 0) yield batch;
  }

  async end(partition: Partition): Promise<Offset> {
    return this.#state(partition).durable as Offset;
  }

  async close(): Promise<void> {
    for (const state of this.#states) for (const wake of state.waiters.splice(0)) wake();
  }

  #state(partition: Partition): PartitionState {
    const state = this.#states[partition];
    if (state === undefined) throw new RangeError(`the log has no partition ${partition}`);
    return state;
  }
}
