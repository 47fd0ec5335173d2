import { FIRST_USER_OBJECT, type LogEvent } from '#schemas/events/event.js';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import type { AssembledTransaction, Assembler } from './assembler.js';
import { CertifiedKeys } from './certified-keys.js';
import type { Certifier, Verdict } from './certifier.js';

/** What became of a transaction at the offset of its commit record. */
export interface Decision {
  readonly transaction: AssembledTransaction;
  readonly verdict: Verdict;
  /** System tables that it writes; null when there is none. */
  readonly definitions: ReadonlySet<ObjectId> | null;
}

/**
 * From the log's records to decided transactions: puts them together and judges them. What it answers follows from the records alone (I3), so every engine, projection and
 * replay that begins where another began comes to the same.
 */
export class Decider {
  readonly assembler: Assembler;
  readonly #certifier: Certifier;
  readonly #begin: Offset;

  /** Records below `begin` are only told for transactions that are decided from there on. */
  constructor(assembler: Assembler, certifier: Certifier, begin: Offset = 0 as Offset) {
    this.assembler = assembler;
    this.#certifier = certifier;
    this.#begin = begin;
  }

  /** Takes the record at `offset`; answers with what is decided there. */
  take(offset: Offset, event: LogEvent): Decision | null {
    const transaction = this.assembler.take(offset, event);
    if (transaction === null || offset < this.#begin) return null;
    const { events, server, epoch, commit } = transaction;
    let definitions: Set<ObjectId> | null = null;
    for (const { table } of events) {
      if (table >= FIRST_USER_OBJECT) continue;
      definitions ??= new Set();
      definitions.add(table);
    }
    const written = new CertifiedKeys(definitions !== null);
    for (const row of events) written.add(row);
    const { snapshot, reads } = commit;
    const verdict = this.#certifier.decide({ offset, snapshot, server, epoch, writes: written.all, reads });
    return { transaction, verdict, definitions };
  }
}
