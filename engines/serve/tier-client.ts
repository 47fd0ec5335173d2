import type { Clock } from '#schemas/kernel/ports.js';
import type { Frame } from '#schemas/link/frame-codec.js';
import type { FrameSocket } from '#schemas/link/frame-socket.js';
import { ASK, TELL } from '#schemas/link/history-frames.js';
import { connectFrames } from '#schemas/link/socket-transport.js';
import { type Condition, SQLSTATES } from '#schemas/sqlstate/conditions.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SessionControl } from '../tx/transaction.js';

/** Together five seconds. */
const CONNECT_TRIES = 50;
const CONNECT_PAUSE_MS = 100;

/** A reading that is under way. */
export interface TierReading<T> {
  /** Null at the end. Rejects with SqlError, and with the interrupt that comes before the answer. */
  next(): Promise<T | null>;
  close(): void;
}

interface Waiting<T> {
  resolve(batch: T | null): void;
  reject(error: Error): void;
}

export interface TierClientOptions {
  readonly path: string;
  readonly clock: Clock;
  /** As errors call it. */
  readonly name: string;
  /** Takes what is no answer to a reading. */
  readonly onOther?: (frame: readonly unknown[]) => void;
  readonly onLost?: () => void;
}

/**
 * The engine's side of a projection's socket: one connection for all sessions, made when somebody asks, and again when it was lost. Readings go as in history-frames.ts: opened,
 * asked for one batch at a time, stopped.
 */
export class TierClient<T> {
  readonly #options: TierClientOptions;
  #connection: Promise<FrameSocket> | null = null;
  readonly #waiting = new Map<number, Waiting<T>>();
  #readings = 0;

  constructor(options: TierClientOptions) {
    this.#options = options;
  }

  /** `open`: the frame that opens the reading of this number. */
  read(control: SessionControl, open: (reading: number) => Frame): TierReading<T> {
    const reading = ++this.#readings;
    const opening = open(reading);
    let opened: FrameSocket | null = null;
    let ended = false;
    return {
      next: async () => {
        if (ended) return null;
        const frames = await this.connected();
        if (opened === null) frames.send(opening);
        else if (opened !== frames) throw this.#lostError();
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

  #answer(reading: number, control: SessionControl): Promise<T | null> {
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

  #settle(reading: number): Waiting<T> | undefined {
    const waiting = this.#waiting.get(reading);
    this.#waiting.delete(reading);
    return waiting;
  }

  connected(): Promise<FrameSocket> {
    this.#connection ??= this.#connect().catch((error: unknown) => {
      this.#connection = null;
      throw new SqlError('io_error', `${this.#options.name} does not answer`, {
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
        const frames = await connectFrames(this.#options.path);
        frames.onMessage = (message) => this.#receive(message);
        frames.onClose = () => this.#lost();
        return frames;
      } catch (error) {
        if (tries === CONNECT_TRIES) throw error;
        await this.#pause(CONNECT_PAUSE_MS);
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(ms, resolve));
  }

  #receive(reply: readonly unknown[]): void {
    const [told, reading] = reply as readonly [number, number];
    if (told !== TELL.rows && told !== TELL.end && told !== TELL.failed) {
      this.#options.onOther?.(reply);
      return;
    }
    const waiting = this.#settle(reading);
    if (waiting === undefined) return;
    if (told === TELL.rows) waiting.resolve(reply[2] as T);
    else if (told === TELL.end) waiting.resolve(null);
    else {
      const [, , name, message, hint] = reply as readonly [number, number, string, string, string | null];
      const condition = (Object.hasOwn(SQLSTATES, name) ? name : 'internal_error') as Condition;
      waiting.reject(new SqlError(condition, message, hint === null ? {} : { hint }));
    }
  }

  #lost(): void {
    this.#connection = null;
    this.#options.onLost?.();
    for (const reading of [...this.#waiting.keys()]) this.#settle(reading)?.reject(this.#lostError());
  }

  #lostError(): SqlError {
    return new SqlError('io_error', `${this.#options.name} has ended while it was read`);
  }
}
