import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LinkClient, type LinkPeer, OP, REPLY, type Reply, type Request } from './frames.js';
import { inProcessLink } from './in-process-transport.js';
import { connectLink, listenLink } from './socket-transport.js';

interface Pair {
  readonly client: LinkClient;
  readonly peer: LinkPeer;
  readonly end: () => void;
}

async function overSocket(): Promise<Pair> {
  const directory = mkdtempSync(join(tmpdir(), 'link-'));
  const path = join(directory, 'link.sock');
  let found: (peer: LinkPeer) => void = () => {};
  const connected = new Promise<LinkPeer>((resolve) => (found = resolve));
  const server = await listenLink(path, (peer) => found(peer));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const client = await connectLink(path);
  const end = (): void => {
    server.close();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  return { client, peer: await connected, end };
}

const inProcess = async (): Promise<Pair> => ({ ...inProcessLink(), end: () => {} });

describe.each([
  ['Unix socket', overSocket],
  ['in process', inProcess],
])('the link by %s', (_name, open) => {
  it('carries requests and replies in order and tells both ends of a close', async () => {
    const { client, peer, end } = await open();
    const requests: Request[] = [];
    let inside = false;
    peer.onRequest = (request) => {
      expect(inside).toBe(false);
      requests.push(request);
      peer.reply([REPLY.copyAck, request[1]]);
    };
    const replies: Reply[] = [];
    const all = new Promise<void>((resolve) => {
      client.onReply = (reply) => {
        replies.push(reply);
        if (replies.length === 1000) resolve();
      };
    });
    inside = true;
    for (let i = 0; i < 1000; i++) client.send([OP.finish, i]);
    inside = false;
    await all;
    expect(requests.map((r) => r[1])).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(replies.map((r) => r[1])).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    const closed = new Promise((resolve) => (peer.onClose = resolve));
    client.close();
    expect(await closed).toBeNull();
    end();
  });

  it('says when the other side is slow', async () => {
    const { client, peer, end } = await open();
    const drained = new Promise<void>((resolve) => (client.onDrain = resolve));
    const data = new Uint8Array(100_000);
    let sent = 0;
    while (!client.congested && sent < 20_000) {
      for (let i = 0; i < 100; i++, sent++) client.send([OP.authenticate, 1, data]);
      if (sent % 400 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (sent > 400 && _name === 'in process') for (let i = 0; i < 10_000; i++, sent++) client.send([OP.finish, 1]);
    }
    expect(client.congested).toBe(true);
    await drained;
    expect(client.congested).toBe(false);
    client.close();
    peer.close();
    end();
  });
});

it('a peer that sends no frames is cut off and others go on', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'link-'));
  const path = join(directory, 'link.sock');
  const failures: Array<Error | null> = [];
  const server = await listenLink(path, (peer) => {
    peer.onRequest = (request) => peer.reply([REPLY.copyAck, request[1]]);
    peer.onClose = (error) => failures.push(error);
  });
  const good = await connectLink(path);
  const bad = createConnection(path);
  bad.on('error', () => {});
  const closed = new Promise((resolve) => bad.on('close', resolve));
  bad.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  await closed;
  expect(failures.map((f) => f?.name)).toEqual(['MalformedFrameError']);
  const answer = new Promise((resolve) => (good.onReply = resolve));
  good.send([OP.finish, 9]);
  expect(await answer).toEqual([REPLY.copyAck, 9]);
  good.close();
  server.close();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});
