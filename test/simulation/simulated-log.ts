import type { LogRecord, StoredRecord } from '#log/change-log.js';
import type { Offset, Partition } from '#schemas/kernel/brand.js';

/** What stands in the log of a simulated world. Clients reach it through `LogClient` only, over a network that the scheduler holds. */
export class SimulatedLog {
  readonly partitions: number;
  /** Told of every record that comes to stand in the log. */
  onRecord: (partition: Partition, record: StoredRecord) => void = () => undefined;
  readonly #records: StoredRecord[][];
  readonly #leavesOut: () => boolean;

  /** `leavesOut`: is the next offset one that holds no record? As with Kafka's own marks. */
  constructor(partitions: number, leavesOut: () => boolean) {
    this.partitions = partitions;
    this.#leavesOut = leavesOut;
    this.#records = Array.from({ length: partitions }, () => []);
  }

  /** Those of [from, to). */
  records(partition: Partition, from: number, to: number): readonly StoredRecord[] {
    return this.#of(partition).filter(({ offset }) => offset >= from && offset < to);
  }

  count(partition: Partition): number {
    return this.#of(partition).length;
  }

  /** One past the last record. */
  end(partition: Partition): Offset {
    const last = this.#of(partition).at(-1);
    return (last === undefined ? 0 : last.offset + 1) as Offset;
  }

  #of(partition: Partition): StoredRecord[] {
    const records = this.#records[partition];
    if (records === undefined) throw new RangeError(`the log has no partition ${partition}`);
    return records;
  }

  /** Answers with the offset of the last. */
  store(partition: Partition, records: readonly LogRecord[]): Offset {
    const standing = this.#of(partition);
    for (const record of records) {
      const offset = this.end(partition) + (this.#leavesOut() ? 1 : 0);
      const stored: StoredRecord = { ...record, offset: offset as Offset };
      standing.push(stored);
      this.onRecord(partition, stored);
    }
    return (this.end(partition) - 1) as Offset;
  }
}
