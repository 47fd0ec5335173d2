import type { AnalyticReply, AnalyticRequest } from './analytic-frames.js';
import type { Reply, Request } from './frames.js';
import type { HistoryReply, HistoryRequest } from './history-frames.js';
import { MalformedFrameError, MessagePackReader } from './message-pack-reader.js';
import type { MessagePackWriter } from './message-pack-writer.js';

/*
 *   stream = { frame }
 *   frame  = length:uint32 (big-endian, of what follows) message
 *   message = MessagePack array [op, session, …] (see frames.ts)
 */

const HEADER = 4;

/** A frame larger than this is refused on either side: beyond PostgreSQL's own limit of 1 GiB for a message. */
const FRAME_BYTES_MAX = 0x4000_0000 + 0x0100_0000;

/** Thrown by `encodeFrame`; nothing of the frame was written. */
export class FrameTooLargeError extends Error {
  override readonly name = 'FrameTooLargeError';
}

/** Whatever goes over a link. */
export type Frame = Request | Reply | HistoryRequest | HistoryReply | AnalyticRequest | AnalyticReply;

/** Appends one frame with its length. */
export function encodeFrame(writer: MessagePackWriter, frame: Frame, bytesMax = FRAME_BYTES_MAX): void {
  const start = writer.position;
  writer.reserve(HEADER);
  writer.position = start + HEADER;
  writer.array(frame);
  const length = writer.position - start - HEADER;
  if (length > bytesMax) {
    writer.position = start;
    throw new FrameTooLargeError(`a frame of ${length} bytes exceeds the limit of ${bytesMax}`);
  }
  writer.uint32(start, length);
}

/**
 * Cuts a stream of bytes into frames, however it was split. Owns the bytes of at most one incomplete frame. `push` throws
 * MalformedFrameError for what cannot be a frame; nothing must be pushed after that.
 */
export class FrameDecoder {
  readonly #reader = new MessagePackReader();
  readonly #bytesMax: number;
  #parts: Buffer[] = [];
  #held = 0;
  /** Bytes that must be held before it is worth looking again. */
  #needed = HEADER;

  constructor(bytesMax = FRAME_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Calls `deliver` for each message that `chunk` completes; keeps the rest, so `chunk` must not be changed afterwards. */
  push(chunk: Buffer, deliver: (message: unknown[]) => void): void {
    let data = chunk;
    if (this.#held > 0) {
      this.#parts.push(chunk);
      this.#held += chunk.length;
      if (this.#held < this.#needed) return;
      data = Buffer.concat(this.#parts, this.#held);
      this.#parts = [];
      this.#held = 0;
    }
    let at = 0;
    this.#needed = HEADER;
    while (data.length - at >= HEADER) {
      const length = data.readUInt32BE(at);
      if (length > this.#bytesMax)
        throw new MalformedFrameError(`a frame of ${length} bytes exceeds the limit of ${this.#bytesMax}`);
      const end = at + HEADER + length;
      if (end > data.length) {
        this.#needed = HEADER + length;
        break;
      }
      const message = this.#reader.read(data, at + HEADER, end);
      if (!Array.isArray(message) || typeof message[0] !== 'number' || typeof message[1] !== 'number') {
        throw new MalformedFrameError('a frame is not [op, session, …]');
      }
      at = end;
      deliver(message);
    }
    if (at < data.length) {
      this.#parts.push(at === 0 ? data : data.subarray(at));
      this.#held = data.length - at;
    }
  }
}
