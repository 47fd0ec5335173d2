import type { Socket } from 'node:net';
import { MessageWriter } from './encode.js';

/** Unsent bytes above which a client counts as slow. */
const CONGESTED_BYTES = 262_144;
/** A buffer that one large result has blown up is not kept. */
const KEPT_BYTES = 262_144;
/** Messages are held back until their answer is complete, but no more than this. */
const HELD_BYTES = 65_536;

/**
 * What goes to one client. It owns the bytes not yet given to the socket: messages are gathered in `writer` and leave in one write, at the latest
 * when the running callback ends after `schedule`.
 */
export class Output {
  readonly writer = new MessageWriter();
  readonly #socket: Socket;
  #scheduled = false;
  #congested = false;
  onDrain: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('drain', () => {
      if (!this.#congested) return;
      this.#congested = false;
      this.onDrain();
    });
  }

  /** True while the client reads more slowly than we write; `onDrain` is called when it has caught up. */
  get congested(): boolean {
    return this.#congested;
  }

  /** Sends everything when the current callback has ended. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#runScheduled);
  }

  readonly #runScheduled = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  /** For long answers: sends what has been gathered once it is worth a write. */
  relieve(): void {
    if (this.writer.position > HELD_BYTES) this.flush();
  }

  flush(): void {
    const { writer } = this;
    const socket = this.#socket;
    if (writer.position === 0) return;
    if (!socket.writable) {
      writer.position = 0;
      return;
    }
    const accepted = socket.write(writer.buffer.subarray(0, writer.position));
    writer.position = 0;
    const unsent = socket.writableLength;
    // When the kernel took everything at once, the buffer is ours again.
    if (unsent > 0 || writer.buffer.length > KEPT_BYTES) writer.buffer = Buffer.allocUnsafeSlow(4_096);
    if (!accepted && unsent > CONGESTED_BYTES) this.#congested = true;
  }
}
