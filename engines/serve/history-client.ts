import type { Offset } from '#schemas/kernel/brand.js';
import type { Clock } from '#schemas/kernel/ports.js';
import { ASK } from '#schemas/link/history-frames.js';
import type { SessionControl } from '../tx/transaction.js';
import type { Batch } from '../vm/operators/operator.js';
import type { PastReader } from '../vm/operators/past.js';
import { TierClient } from './tier-client.js';

/** The engine's side of the ingestion tier's socket. */
export class HistoryClient {
  readonly #client: TierClient<Batch>;
  readonly #durable: () => Offset;

  /** `durable`: what a reading must see at least. */
  constructor(path: string, clock: Clock, durable: () => Offset) {
    this.#client = new TierClient({ path, clock, name: 'the ingestion tier, which keeps the past,' });
    this.#durable = durable;
  }

  /** For one session's statements, which `control` may interrupt. */
  reader(control: SessionControl): PastReader {
    return {
      open: (relation, micros, columns, keys) => {
        const atLeast = this.#durable();
        return this.#client.read(control, (reading) => [ASK.open, reading, relation, micros, atLeast, columns, keys]);
      },
    };
  }
}
