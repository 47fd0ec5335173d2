import type { Offset } from '#schemas/kernel/brand.js';
import type { Clock } from '#schemas/kernel/ports.js';
import { ANALYTIC_ASK, ANALYTIC_TELL } from '#schemas/link/analytic-frames.js';
import type { SessionControl } from '../tx/transaction.js';
import type { AnalyticQuestion, AnalyticReader, AnalyticRows } from '../vm/operators/analytic.js';
import { TierClient } from './tier-client.js';

/** Records that the OLAP tier applies in about a second. */
const NEAR_RECORDS = 50_000;

/** The engine's side of the OLAP tier's socket. */
export class AnalyticsClient {
  readonly #client: TierClient<Uint8Array>;
  /** What the tier has said last; null while there is no connection. */
  #applied: number | null = null;

  constructor(path: string, clock: Clock) {
    this.#client = new TierClient({
      path,
      clock,
      name: 'the OLAP tier',
      onOther: ([told, offset]) => {
        if (told === ANALYTIC_TELL.applied) this.#applied = offset as number;
      },
      onLost: () => {
        this.#applied = null;
      },
    });
  }

  /** For one session's statements, which `control` may interrupt. */
  reader(control: SessionControl): AnalyticReader {
    return { ask: (question) => this.#ask(control, question), isNear: (snapshot) => this.#isNear(snapshot) };
  }

  /** Makes the connection, when there is none, for those who come later. */
  #isNear(snapshot: Offset): boolean {
    if (this.#applied !== null) return snapshot - this.#applied <= NEAR_RECORDS;
    this.#client.connected().catch(() => undefined);
    return false;
  }

  #ask(control: SessionControl, { plan, inputs, columns, types, snapshot }: AnalyticQuestion): AnalyticRows {
    const reading = this.#client.read(control, (number) => [
      ANALYTIC_ASK.open,
      number,
      plan,
      inputs,
      columns,
      snapshot,
    ]);
    return {
      next: async () => {
        const stream = await reading.next();
        if (stream === null) return null;
        // Loaded when it is needed first: an engine without analytic queries does not pay for it.
        const { decodeRows } = await import('#schemas/arrow/batches.js');
        return decodeRows(stream, types);
      },
      close: () => reading.close(),
    };
  }
}
