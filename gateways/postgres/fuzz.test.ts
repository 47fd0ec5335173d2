import fc from 'fast-check';
import { startTestGateway, type TestGateway } from './gateway.suite.js';
import {
  bind,
  close,
  cstring,
  describe_,
  execute,
  flush,
  int32,
  message,
  parse,
  query,
  show,
  startup,
  sync,
  WireClient,
} from './wire-client.suite.js';

let node: TestGateway;
/** A session that must not notice what is done to others. */
let canary: WireClient;
beforeAll(async () => {
  node = await startTestGateway();
  node.engine.records = false;
  canary = await WireClient.open(node.port);
});
afterAll(async () => {
  canary.end();
  await node.close();
});

const checkCanary = async (): Promise<void> => {
  expect(await canary.ask(query('select 1'))).toBe('T D C(SELECT 1) ZI');
  expect(node.bugs).toEqual([]);
};

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

const conversation = Buffer.concat([
  query('select 1; begin; insert into a values (1); commit'),
  parse('s', 'select $1::int4'),
  bind('p', 's', ['1'], [0], [1]),
  describe_('P', 'p'),
  execute('p', 1),
  flush,
  execute('p'),
  close('P', 'p'),
  sync,
  parse('', 'insert into a values ($1)'),
  bind('', '', ['666']),
  execute(),
  bind('', '', [null]),
  execute(),
  sync,
  query('copy t from stdin'),
  message('d', Buffer.from('1\tx\n')),
  message('c'),
  query('copy t to stdout (format binary)'),
  parse('', 'copy t from stdin'),
  bind('', '', []),
  execute(),
  message('f', cstring('no')),
  sync,
  message('F', int32(1598), Buffer.from([0, 1, 0, 0, 0, 1]), int32(2), Buffer.from('16'), Buffer.from([0, 0])),
  message('p', Buffer.from('secret\0')),
  sync,
  message('X'),
]);

/** What may stand before a startup, and the startup: requests for SSL and GSS encryption, a cancellation. */
const request = (code: number, ...rest: readonly Buffer[]): Buffer =>
  Buffer.concat([int32(8 + rest.reduce((sum, { length }) => sum + length, 0)), int32(code), ...rest]);
const SSL = request(80_877_103);
const GSS = request(80_877_104);
const CANCEL = request(80_877_102, int32(1), int32(2));
const STARTUP = startup({ user: 'u', database: 'd', options: '-c a.b=c' });
const OPENINGS = [
  STARTUP,
  Buffer.concat([SSL, STARTUP]),
  Buffer.concat([GSS, SSL, STARTUP, message('p', cstring('SCRAM-SHA-256'), int32(8), Buffer.from('n,,n=,r='))]),
  CANCEL,
  Buffer.concat([SSL, CANCEL]),
];

const mutation = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), length: fc.nat(20) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), length: fc.nat(60) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), bytes: fc.uint8Array({ maxLength: 8 }) }),
);

type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(bytes: Buffer, how: Mutation): Buffer {
  const at = how.at % (bytes.length + 1);
  switch (how.kind) {
    case 'set': {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = how.byte;
      return copy;
    }
    case 'cut':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + how.length)]);
    case 'repeat':
      return Buffer.concat([bytes.subarray(0, at + how.length), bytes.subarray(at)]);
    case 'insert':
      return Buffer.concat([bytes.subarray(0, at), how.bytes, bytes.subarray(at)]);
  }
}

describe('whatever a client sends', () => {
  it('before it is let in does no harm', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.array(mutation, { maxLength: 4 })),
        fc.constantFrom(...OPENINGS),
        async (input, opening) => {
          const client = new WireClient(node.port);
          client.send(input instanceof Uint8Array ? Buffer.from(input) : (input as Mutation[]).reduce(mutate, opening));
          await settle();
          client.end();
          await checkCanary();
        },
      ),
      { numRuns: 300 },
    );
  });

  it('afterwards does no harm to others', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(mutation, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 4 }),
        async (mutations, cuts) => {
          const client = await WireClient.open(node.port);
          const bytes = mutations.reduce(mutate, conversation);
          let at = 0;
          for (const cut of [...cuts.map((c) => c % bytes.length).sort((a, b) => a - b), bytes.length]) {
            client.send(bytes.subarray(at, cut));
            at = cut;
            await settle();
          }
          client.end();
          await checkCanary();
        },
      ),
      { numRuns: 300 },
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(node.gateway.sessionCount).toBe(1);
    expect(node.engine.openSessions).toBe(1);
  });

  it('well-formed messages in any order are all answered', async () => {
    const part = fc.oneof(
      fc.constantFrom(
        parse('', 'select 1'),
        parse('s', 'select $1::int4'),
        parse('i', 'insert into a values ($1)'),
        parse('', 'selec'),
        parse('b', 'begin'),
        parse('c', 'commit'),
        parse('g', 'select generate_series(1, 5)'),
      ),
      fc
        .tuple(
          fc.constantFrom('', 'p'),
          fc.constantFrom('', 's', 'i', 'b', 'c', 'g'),
          fc.constantFrom(['1'], ['666'], ['x'], []),
        )
        .map(([p, s, v]) => bind(p, s, v)),
      fc.tuple(fc.constantFrom('', 'p'), fc.constantFrom(0, 0, 2)).map(([p, n]) => execute(p, n)),
      fc.constantFrom(
        describe_('P'),
        describe_('S', 's'),
        close('S', 's'),
        close('P', 'p'),
        flush,
        message('d', Buffer.from('x')),
        message('c'),
      ),
      fc.constant(sync),
      fc.constantFrom(
        query('select 1'),
        query('begin'),
        query('rollback'),
        query('selec'),
        query('insert into a values (666); select 1'),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 25 }), async (parts) => {
        const terminate = message('X');
        const client = await WireClient.open(node.port);
        client.send(...parts, sync, terminate);
        const together = show(await client.untilClosed());
        // The same, one message at a time: pipelining must change nothing.
        const slow = await WireClient.open(node.port);
        for (const p of [...parts, sync, terminate]) {
          slow.send(p);
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(show(await slow.untilClosed())).toBe(together);
        expect(together).toMatch(/Z[ITE]$/);
      }),
      { numRuns: 300 },
    );
    await checkCanary();
  });
});

describe('memory', () => {
  it('grows by what was sent, not by what was announced', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const clients = await Promise.all(Array.from({ length: 20 }, () => WireClient.open(node.port)));
    for (const client of clients) client.send(Buffer.from('Q'), int32(0x3fff_ffff), Buffer.alloc(1_000, 0x20));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
    for (const client of clients) client.end();
    const oversized = await WireClient.open(node.port);
    oversized.send(Buffer.from('Q'), int32(0x4000_0100));
    expect(show(await oversized.untilClosed())).toBe('E(08P01)');
    await checkCanary();
  });

  it('stays bounded when a client does not read its result', async () => {
    const slow = await WireClient.open(node.port);
    slow.socket.pause();
    slow.send(query('select generate_series(1, 3000000)'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = process.memoryUsage().arrayBuffers;
    await new Promise((resolve) => setTimeout(resolve, 300));
    // The socket's buffers are full and nothing more is fetched.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
    await checkCanary();
    let bytes = 0;
    slow.socket.removeAllListeners('data');
    const whole = new Promise<void>((resolve) => {
      slow.socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (chunk.subarray(-6).equals(Buffer.from('Z\0\0\0\u0005I'))) resolve();
      });
    });
    slow.socket.resume();
    await whole;
    expect(bytes).toBeGreaterThan(3_000_000 * 11);
    slow.end();
  }, 30_000);

  it('stays bounded when a client sends faster than it is served', async () => {
    const greedy = await WireClient.open(node.port);
    const sleeping = greedy.ask(query('select pg_sleep(1)'));
    sleeping.catch(() => {});
    const block = query('x'.repeat(100_000));
    let accepted = true;
    for (let i = 0; i < 200 && accepted; i++) {
      accepted = greedy.socket.write(block) || greedy.socket.writableLength < 3_000_000;
      await settle();
    }
    expect(accepted).toBe(false);
    greedy.end();
    await checkCanary();
  });
});
