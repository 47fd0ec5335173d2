import type { Socket } from 'node:net';
import { PacketWriter } from './packet-writer.js';

/** Unsent bytes above which a client counts as slow. */
const CONGESTED_BYTES = 262_144;
/** A buffer that one large result has blown up is not kept. */
const KEPT_BYTES = 262_144;
/** Packets are held back until their answer is complete, but no more than this. */
const HELD_BYTES = 65_536;

/** What goes to one client. It owns the bytes that are not yet given to the socket. */
export class Output {
  readonly writer = new PacketWriter();
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** For long answers: sends what has been gathered once it is worth a write. */
  relieve(): void {
    if (this.writer.position > HELD_BYTES) this.flush();
  }

  flush(): void {
    const { writer } = this;
    if (writer.position === 0) return;
    if (this.#socket.writable) this.#socket.write(writer.buffer.subarray(0, writer.position));
    writer.position = 0;
    // When the kernel took everything at once, the buffer is ours again.
    if (this.#socket.writableLength > 0 || writer.buffer.length > KEPT_BYTES)
      writer.buffer = Buffer.allocUnsafeSlow(4_096);
  }

  /** Null, or resolves when the client has read most of what it was sent or is gone. */
  caughtUp(): Promise<void> | null {
    const socket = this.#socket;
    if (!socket.writable || socket.writableLength <= CONGESTED_BYTES) return null;
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done);
        socket.off('close', done);
        resolve();
      };
      socket.on('drain', done);
      socket.on('close', done);
    });
  }
}
