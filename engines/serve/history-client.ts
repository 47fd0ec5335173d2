import type { Offset } from '#schemas/kernel/brand.js';
import type { Clock } from '#schemas/kernel/ports.js';
import type { FrameSocket } from '#schemas/link/frame-socket.js';
import { ASK, type HistoryReply, TELL } from '#schemas/link/history-frames.js';
import { connectFrames } from '#schemas/link/socket-transport.js';
import { type Condition, SQLSTATES } from '#schemas/sqlstate/conditions.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SessionControl } from '../tx/transaction.js';
import type { Batch } from '../vm/operators/operator.js';
import type { PastReader, PastRows } from '../vm/operators/past.js';

/** Together five seconds. */
const CONNECT_TRIES = 50;
const CONNECT_PAUSE_MS = 100;

interface Waiting {
  resolve(batch: Batch | null): void;
  reject(error: Error): void;
}

/** The engine's side of the ingestion tier's socket: one connection for all sessions, made when somebody asks for the past, and again when it was lost. */
export class HistoryClient {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #durable: () => Offset;
  #connection: Promise<FrameSocket> | null = null;
  readonly #waiting = new Map<number, Waiting>();
  #readings = 0;

  /** `durable`: what a reading must see at least. */
  constructor(path: string, clock: Clock, durable: () => Offset) {
    this.#path = path;
    this.#clock = clock;
    this.#durable = durable;
  }

  /** For one session's statements, which `control` may interrupt. */
  reader(control: SessionControl): PastReader {
    return { open: (...wanted) => this.#open(control, ...wanted) };
  }

  #open(control: SessionControl, ...[relation, micros, columns, keys]: Parameters<PastReader['open']>): PastRows {
    const reading = ++this.#readings;
    const atLeast = this.#durable();
    let opened: FrameSocket | null = null;
    let ended = false;
    return {
      next: async () => {
        if (ended) return null;
        const frames = await this.#connected();
        if (opened === null) frames.send([ASK.open, reading, relation, micros, atLeast, columns, keys]);
        else if (opened !== frames) throw lost();
        opened = frames;
        frames.send([ASK.next, reading]);
        const batch = await this.#answer(reading, control);
        ended = batch === null;
        return batch;
      },
      close: () => {
        if (!ended) opened?.send([ASK.stop, reading]);
        ended = true;
      },
    };
  }

  #answer(reading: number, control: SessionControl): Promise<Batch | null> {
    return new Promise((resolve, reject) => {
      const forget = control.onInterrupt((error) => this.#settle(reading)?.reject(error));
      this.#waiting.set(reading, {
        resolve: (batch) => {
          forget();
          resolve(batch);
        },
        reject: (error) => {
          forget();
          reject(error);
        },
      });
    });
  }

  #settle(reading: number): Waiting | undefined {
    const waiting = this.#waiting.get(reading);
    this.#waiting.delete(reading);
    return waiting;
  }

  #connected(): Promise<FrameSocket> {
    this.#connection ??= this.#connect().catch((error: unknown) => {
      this.#connection = null;
      throw new SqlError('io_error', 'the ingestion tier, which keeps the past, does not answer', {
        hint: 'polylog projection status says how it is.',
        detail: (error as Error).message,
      });
    });
    return this.#connection;
  }

  /** It may be about to start: a node's projections come up behind its engine. */
  async #connect(): Promise<FrameSocket> {
    for (let tries = 0; ; tries++) {
      try {
        const frames = await connectFrames(this.#path);
        frames.onMessage = (message) => this.#receive(message as readonly unknown[] as HistoryReply);
        frames.onClose = () => this.#lost();
        return frames;
      } catch (error) {
        if (tries === CONNECT_TRIES) throw error;
        await this.#pause(CONNECT_PAUSE_MS);
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }

  #receive(reply: HistoryReply): void {
    const waiting = this.#settle(reply[1]);
    if (waiting === undefined) return;
    if (reply[0] === TELL.rows) waiting.resolve(reply[2]);
    else if (reply[0] === TELL.end) waiting.resolve(null);
    else {
      const [, , name, message, hint] = reply;
      const condition = (Object.hasOwn(SQLSTATES, name) ? name : 'internal_error') as Condition;
      waiting.reject(new SqlError(condition, message, hint === null ? {} : { hint }));
    }
  }

  #lost(): void {
    this.#connection = null;
    for (const reading of [...this.#waiting.keys()]) this.#settle(reading)?.reject(lost());
  }
}

function lost(): SqlError {
  return new SqlError('io_error', 'the ingestion tier, which keeps the past, has ended while it was read');
}
