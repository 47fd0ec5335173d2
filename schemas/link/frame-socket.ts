import type { Socket } from 'node:net';
import { encodeFrame, type Frame, FrameDecoder } from './frame-codec.js';
import { MessagePackWriter } from './message-pack-writer.js';

const BUFFER_BYTES = 65_536;
/** Unsent bytes above which the other side counts as slow, and below which it has caught up. */
const CONGESTED_BYTES = 1_048_576;

/**
 * One end of a socket that carries frames. It owns the socket and the bytes of the current tick: frames are gathered until the event loop
 * has read all that was readable, then go out in one write.
 */
export class FrameSocket {
  readonly #socket: Socket;
  readonly #writer = new MessagePackWriter(BUFFER_BYTES);
  #scheduled = false;
  #closed = false;
  #congested = false;
  onMessage: (message: unknown[]) => void = () => {};
  onClose: (error: Error | null) => void = () => {};
  onDrain: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    const decoder = new FrameDecoder();
    const deliver = (message: unknown[]): void => {
      if (!this.#closed) this.onMessage(message);
    };
    let failure: Error | null = null;
    socket.on('data', (chunk: Buffer) => {
      try {
        decoder.push(chunk, deliver);
      } catch (error) {
        failure = error as Error;
        socket.destroy();
      }
    });
    socket.on('error', (error) => {
      failure ??= error;
    });
    socket.on('drain', () => {
      if (!this.#congested) return;
      this.#congested = false;
      this.onDrain();
    });
    socket.on('close', () => {
      if (this.#closed) return;
      this.#closed = true;
      this.onClose(failure);
    });
  }

  get congested(): boolean {
    return this.#congested;
  }

  /** Queues a frame for this tick's write. Frames after the close are dropped. Throws FrameTooLargeError. */
  send(frame: Frame): void {
    if (this.#closed) return;
    encodeFrame(this.#writer, frame);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After the poll phase, so that what all sessions had to say in it goes out together.
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    if (this.#closed) return;
    const writer = this.#writer;
    const { buffer } = writer;
    this.#socket.write(buffer.subarray(0, writer.position));
    writer.position = 0;
    const unsent = this.#socket.writableLength;
    // The kernel took it all at once: the buffer is free again, unless one huge frame has blown it up.
    if (unsent > 0 || buffer.length > CONGESTED_BYTES) writer.buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#congested = unsent > CONGESTED_BYTES;
  };

  /** Sends what is queued, then ends the connection; `onClose` is not called. */
  close(): void {
    if (this.#closed) return;
    if (this.#writer.position > 0) this.#socket.write(this.#writer.buffer.subarray(0, this.#writer.position));
    this.#closed = true;
    this.#socket.end();
    // The other side may never close its half.
    this.#socket.unref();
  }
}
