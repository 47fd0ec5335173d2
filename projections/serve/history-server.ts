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
import type { Row } from '#schemas/values/value.js';
import { Readings } from './readings.js';

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

/** Listens for engines on a Unix socket. */
export function serveHistory(path: string, source: HistorySource): Promise<LinkServer> {
  return listenFrames(path, (frames) => new EngineConnection(frames, source));
}

class EngineConnection {
  readonly #frames: FrameSocket;
  readonly #source: HistorySource;
  readonly #readings: Readings<readonly Row[]>;

  constructor(frames: FrameSocket, source: HistorySource) {
    this.#frames = frames;
    this.#source = source;
    this.#readings = new Readings({
      batch: (reading, rows) => frames.send([TELL.rows, reading, rows]),
      end: (reading) => frames.send([TELL.end, reading]),
      failed: (...failure) => frames.send([TELL.failed, ...failure]),
    });
    frames.onMessage = (message) => this.#receive(message as readonly unknown[] as HistoryRequest);
    frames.onClose = () => this.#readings.stopAll();
  }

  #receive(request: HistoryRequest): void {
    switch (request[0]) {
      case ASK.open:
        this.#open(request);
        return;
      case ASK.next:
        void this.#readings.next(request[1]);
        return;
      case ASK.stop:
        this.#readings.stop(request[1]);
        return;
      default:
        // Another version of the frames: nothing that is said here can be understood.
        this.#frames.close();
    }
  }

  #open([, number, relation, micros, atLeast, columns, keys]: HistoryOpen): void {
    const source = this.#source;
    this.#readings.open(number, async function* (signal) {
      await source.waitFor(atLeast as Offset, signal);
      yield* source.history(relation as ObjectId, micros, columns, atLeast as Offset, keys);
    });
  }
}
