import { type DigestColumn, type TableDigest, TableDigester } from '#schemas/events/table-digest.js';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import type { Row } from '#schemas/values/value.js';
import type { CommittedTransaction, Projection } from './projection.js';

/** The plainest fold there is: of each row the last state below an offset, in memory. What others are compared with. */
export class LatestState implements Projection {
  readonly name = 'replay';
  readonly #before: Offset;
  readonly #tables = new Map<ObjectId, Map<string, Row>>();

  /** What is committed at `before` or behind it is left out. */
  constructor(before: Offset) {
    this.#before = before;
  }

  checkpoint(): null {
    return null;
  }

  async apply(transactions: readonly CommittedTransaction[]): Promise<void> {
    for (const { offset, events } of transactions) {
      if (offset >= this.#before) return;
      for (const { table, key, row } of events) {
        const rows = this.#tables.get(table) ?? new Map<string, Row>();
        this.#tables.set(table, rows);
        if (row === null) rows.delete(key);
        else rows.set(key, row);
      }
    }
  }

  digest(table: ObjectId, columns: readonly DigestColumn[]): TableDigest {
    const digester = new TableDigester(table, columns);
    for (const [key, row] of this.#tables.get(table) ?? []) digester.add(key, row);
    return digester.finish();
  }

  async drop(): Promise<void> {
    this.#tables.clear();
  }

  async close(): Promise<void> {}
}
