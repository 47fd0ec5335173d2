/** Foreign frames on the engine's own socket: the connection that brought them may end, the engine and its sessions go on. */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { Client } from 'pg';
import { encodeFrame } from '#schemas/link/frame-codec.js';
import { LINK_VERSION, OP, type Request } from '#schemas/link/frames.js';
import { MessagePackWriter } from '#schemas/link/message-pack-writer.js';
import { targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';

const RUNS = 150;

const anything = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.bigInt(),
  fc.string({ maxLength: 20 }),
  fc.uint8Array({ maxLength: 40 }),
  fc.array(fc.oneof(fc.integer(), fc.constant(null), fc.string({ maxLength: 5 })), { maxLength: 4 }),
);
/** Right in its first two places, where the decoder looks, and nowhere else. */
const foreignFrame = fc.tuple(
  fc.oneof(fc.constantFrom(...Object.values(OP)), fc.nat(300)),
  fc.nat(3),
  fc.array(anything, { maxLength: 7 }),
);

describe('the engine socket', () => {
  let node: PolylogNode;
  let canary: Client;
  beforeAll(async () => {
    node = await startPolylog();
    canary = new Client(targetOf(node));
    await canary.connect();
    await canary.query('create table t (n int primary key)');
  }, 60_000);
  afterAll(async () => {
    await canary?.end();
    await node?.remove();
  }, 60_000);

  async function connect(): Promise<Socket> {
    const socket = createConnection(join(node.dataDirectory, 'run', 'engine.sock'));
    socket.on('error', () => undefined);
    socket.resume();
    await once(socket, 'connect');
    return socket;
  }

  const enginePid = (): number | undefined => node.processes().find(({ name }) => name === 'engine')?.pid;

  async function bears(bytes: Uint8Array): Promise<void> {
    const socket = await connect();
    socket.write(bytes);
    // The answer of the canary comes after the engine has read what stood before it.
    await canary.query('insert into t values (1) on conflict do nothing');
    socket.destroy();
    expect((await canary.query('select n from t')).rows).toEqual([{ n: 1 }]);
  }

  it('bears frames with other fields than theirs', async () => {
    const pid = enginePid();
    await fc.assert(
      fc.asyncProperty(fc.array(foreignFrame, { minLength: 1, maxLength: 6 }), async (frames) => {
        const writer = new MessagePackWriter();
        encodeFrame(writer, [OP.hello, 0, LINK_VERSION, 'test', 1]);
        for (const [op, session, rest] of frames)
          encodeFrame(writer, [op, session, ...rest] as readonly unknown[] as Request);
        await bears(writer.buffer.subarray(0, writer.position));
      }),
      { numRuns: RUNS },
    );
    expect(enginePid()).toBe(pid);
  }, 60_000);

  it('bears bytes that are no frames', async () => {
    const pid = enginePid();
    await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), bears), { numRuns: RUNS });
    await bears(Buffer.from([0x7f, 0xff, 0xff, 0xff, 0x90]));
    expect(enginePid()).toBe(pid);
  }, 60_000);
});
