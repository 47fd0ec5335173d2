import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import type { FrameSocket } from '#schemas/link/frame-socket.js';
import {
  ASK,
  type HistoryOpen,
  type HistoryRequest,
  TELL,
  type WantedColumn,
  type WantedKeys,
} from '#schemas/link/history-frames.js';
import { type LinkServer, listenFrames } from '#schemas/link/socket-transport.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row } from '#schemas/values/value.js';

/** Who has the past. */
export interface HistorySource {
  /** Resolves when everything below `offset` is applied. */
  waitFor(offset: Offset, signal: AbortSignal): Promise<void>;
  /** Batches of rows; see HistoryOpen. */
  history(
    relation: ObjectId,
    micros: number | null,
    columns: readonly WantedColumn[],
    newest: Offset,
    keys: WantedKeys | null,
  ): AsyncIterable<readonly Row[]>;
}

interface Reading {
  readonly rows: AsyncIterator<readonly Row[]>;
  readonly stop: AbortController;
}

/** Listens for engines on a Unix socket. */
export function serveHistory(path: string, source: HistorySource): Promise<LinkServer> {
  return listenFrames(path, (frames) => new EngineConnection(frames, source));
}

/** One engine's readings, each answered batch by batch as it asks. */
class EngineConnection {
  readonly #frames: FrameSocket;
  readonly #source: HistorySource;
  readonly #readings = new Map<number, Reading>();

  constructor(frames: FrameSocket, source: HistorySource) {
    this.#frames = frames;
    this.#source = source;
    frames.onMessage = (message) => this.#receive(message as readonly unknown[] as HistoryRequest);
    frames.onClose = () => {
      for (const reading of [...this.#readings.keys()]) this.#stop(reading);
    };
  }

  #receive(request: HistoryRequest): void {
    switch (request[0]) {
      case ASK.open:
        this.#open(request);
        return;
      case ASK.next:
        void this.#next(request[1]);
        return;
      case ASK.stop:
        this.#stop(request[1]);
        return;
      default:
        // Another version of the frames: nothing that is said here can be understood.
        this.#frames.close();
    }
  }

  #open([, number, relation, micros, atLeast, columns, keys]: HistoryOpen): void {
    const stop = new AbortController();
    const source = this.#source;
    async function* rows(): AsyncGenerator<readonly Row[]> {
      await source.waitFor(atLeast as Offset, stop.signal);
      yield* source.history(relation as ObjectId, micros, columns, atLeast as Offset, keys);
    }
    this.#readings.set(number, { rows: rows(), stop });
  }

  async #next(number: number): Promise<void> {
    const reading = this.#readings.get(number);
    if (reading === undefined) return;
    try {
      const { done, value } = await reading.rows.next();
      if (reading.stop.signal.aborted) return;
      if (done === true) {
        this.#readings.delete(number);
        this.#frames.send([TELL.end, number]);
      } else this.#frames.send([TELL.rows, number, value]);
    } catch (error) {
      if (reading.stop.signal.aborted) return;
      this.#readings.delete(number);
      const known = error instanceof SqlError;
      const condition = known ? error.condition : 'internal_error';
      this.#frames.send([
        TELL.failed,
        number,
        condition,
        (error as Error).message,
        known ? (error.details.hint ?? null) : null,
      ]);
    }
  }

  #stop(number: number): void {
    const reading = this.#readings.get(number);
    this.#readings.delete(number);
    reading?.stop.abort(new Error('nobody reads any more'));
  }
}
