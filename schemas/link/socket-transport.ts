import { chmodSync, unlinkSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { FrameSocket } from './frame-socket.js';
import type { LinkClient, LinkPeer, Reply, Request } from './frames.js';

/** An engine's listening link socket. */
export interface LinkServer {
  readonly path: string;
  /** Stops listening; connections that exist go on. */
  close(): void;
}

/**
 * Listens on the Unix socket `path`, readable and writable by its owner alone; a stale socket file is replaced. `onPeer` gets each gateway
 * that connects and sets the peer's callbacks before it returns. Rejects when the path cannot be bound.
 */
export function listenLink(path: string, onPeer: (peer: LinkPeer) => void): Promise<LinkServer> {
  return listenFrames(path, (frames) => onPeer(peerOf(frames)));
}

/** The same, for frames of whatever kind. */
export function listenFrames(path: string, onFrames: (frames: FrameSocket) => void): Promise<LinkServer> {
  const server: Server = createServer({ noDelay: true }, (socket) => onFrames(new FrameSocket(socket)));
  return new Promise((resolve, reject) => {
    removeSocket(path);
    server.once('error', reject);
    server.listen(path, () => {
      chmodSync(path, 0o600);
      server.off('error', reject);
      server.on('error', () => {});
      resolve({ path, close: () => server.close() });
    });
  });
}

/** Connects to an engine's socket. Rejects when nobody listens there. */
export async function connectLink(path: string): Promise<LinkClient> {
  return clientOf(await connectFrames(path));
}

/** The same, for frames of whatever kind. */
export function connectFrames(path: string): Promise<FrameSocket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(new FrameSocket(socket));
    });
  });
}

function peerOf(frames: FrameSocket): LinkPeer {
  const peer: LinkPeer = {
    reply: (reply) => frames.send(reply),
    onRequest: () => {},
    onClose: () => {},
    onDrain: () => {},
    get congested() {
      return frames.congested;
    },
    close: () => frames.close(),
  };
  frames.onMessage = (message) => peer.onRequest(message as readonly unknown[] as Request);
  frames.onClose = (error) => peer.onClose(error);
  frames.onDrain = () => peer.onDrain();
  return peer;
}

function clientOf(frames: FrameSocket): LinkClient {
  const client: LinkClient = {
    send: (request) => frames.send(request),
    onReply: () => {},
    onClose: () => {},
    onDrain: () => {},
    get congested() {
      return frames.congested;
    },
    close: () => frames.close(),
  };
  frames.onMessage = (message) => client.onReply(message as readonly unknown[] as Reply);
  frames.onClose = (error) => client.onClose(error);
  frames.onDrain = () => client.onDrain();
  return client;
}

function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not there, or listening will say why it cannot be replaced.
  }
}
