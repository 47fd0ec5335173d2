import type { LogRecord, StoredRecord } from '#log/change-log.js';
import type { Offset, Partition } from '#schemas/kernel/brand.js';

/** What stands in the log of a simulated world. Clients reach it through `LogClient` only, over a network that the scheduler holds. */
export class SimulatedLog {
  readonly partitions: number;
  /** Told of every record that comes to stand in the log. */
  onRecord: (partition: Partition, record: StoredRecord) => void = () => undefined;
  readonly #records: StoredRecord[][];

  constructor(partitions: number) {
    this.partitions = partitions;
    this.#records = Array.from({ length: partitions }, () => []);
  }

  records(partition: Partition): readonly StoredRecord[] {
    const records = this.#records[partition];
    if (records === undefined) throw new RangeError(`the log has no partition ${partition}`);
    return records;
  }

  end(partition: Partition): Offset {
    return this.records(partition).length as Offset;
  }

  /** Answers with the offset of the last. */
  store(partition: Partition, records: readonly LogRecord[]): Offset {
    const standing = this.#records[partition] as StoredRecord[];
    for (const record of records) {
      const stored: StoredRecord = { ...record, offset: standing.length as Offset };
      standing.push(stored);
      this.onRecord(partition, stored);
    }
    return (standing.length - 1) as Offset;
  }
}
