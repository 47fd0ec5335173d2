import type { LinkClient, LinkPeer, Reply, Request } from './frames.js';

/** Messages that may wait for one side before it counts as slow. */
const CONGESTED_MESSAGES = 10_000;

/**
 * One direction of an in-process link. It owns the messages that were sent and not yet delivered, keeps their order, and never delivers
 * inside `send`: the sender's stack has unwound before the receiver runs, as over a socket.
 */
class Lane<T> {
  #waiting: T[] = [];
  #scheduled = false;
  congested = false;
  deliver: (message: T) => void = () => {};
  onDrain: () => void = () => {};

  push(message: T): void {
    this.#waiting.push(message);
    if (this.#waiting.length >= CONGESTED_MESSAGES) this.congested = true;
    if (this.#scheduled) return;
    this.#scheduled = true;
    // An immediate, not a microtask: a gateway that answers an engine that answers a gateway must not starve the sockets.
    setImmediate(this.#run);
  }

  readonly #run = (): void => {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#scheduled = false;
    for (let i = 0; i < batch.length; i++) this.deliver(batch[i] as T);
    if (this.congested && this.#waiting.length < CONGESTED_MESSAGES) {
      this.congested = false;
      this.onDrain();
    }
  };
}

/** The two ends of a link inside one process: messages are handed over as they are, so neither side may change them afterwards. */
export function inProcessLink(): { readonly client: LinkClient; readonly peer: LinkPeer } {
  const requests = new Lane<Request>();
  const replies = new Lane<Reply>();
  let open = true;

  const client: LinkClient = {
    send: (request) => {
      if (open) requests.push(request);
    },
    onReply: () => {},
    onClose: () => {},
    onDrain: () => {},
    get congested() {
      return requests.congested;
    },
    close: () => {
      if (!open) return;
      open = false;
      setImmediate(() => peer.onClose(null));
    },
  };
  const peer: LinkPeer = {
    reply: (reply) => {
      if (open) replies.push(reply);
    },
    onRequest: () => {},
    onClose: () => {},
    onDrain: () => {},
    get congested() {
      return replies.congested;
    },
    close: () => {
      if (!open) return;
      open = false;
      setImmediate(() => client.onClose(null));
    },
  };
  requests.deliver = (request) => peer.onRequest(request);
  requests.onDrain = () => client.onDrain();
  replies.deliver = (reply) => client.onReply(reply);
  replies.onDrain = () => peer.onDrain();
  return { client, peer };
}
