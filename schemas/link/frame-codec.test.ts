import fc from 'fast-check';
import { unpack } from 'msgpackr';
import { Interval } from '../values/interval.js';
import { Numeric } from '../values/numeric.js';
import type { SqlType } from '../values/type.js';
import type { Value } from '../values/value.js';
import { encodeFrame, FrameDecoder, FrameTooLargeError } from './frame-codec.js';
import { OP, REPLY, type Reply, type Request } from './frames.js';
import { MalformedFrameError } from './message-pack-reader.js';
import { MessagePackWriter } from './message-pack-writer.js';

const text = fc.string({ unit: 'binary', maxLength: 80 });
const session = fc.nat();
const bytes = fc.uint8Array({ maxLength: 300 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const numeric = fc.oneof(
  fc.tuple(fc.oneof(int64, fc.bigInt()), fc.integer({ min: -1000, max: 20_000 })).map(([u, s]) => new Numeric(u, s)),
  fc.constantFrom('NaN' as const, 'Infinity' as const, '-Infinity' as const).map((s) => new Numeric(0n, 0, s)),
);
const interval = fc.tuple(fc.integer(), fc.integer(), int64).map(([m, d, u]) => new Interval(m, d, u));
const scalar: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  int64,
  fc.bigInt(),
  text,
  bytes,
  numeric,
  interval,
);
const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 20 }));
const row = fc.array(value, { maxLength: 20 });
const rows = fc.array(row, { maxLength: 20 });
const settings = fc.dictionary(text, text, { maxKeys: 5, noNullPrototype: true });
const fields = fc.dictionary(text, fc.oneof(text, fc.nat()), { maxKeys: 5, noNullPrototype: true });
const type: fc.Arbitrary<SqlType> = fc.oneof(
  fc.constantFrom<SqlType>(
    { kind: 'integer' },
    { kind: 'text' },
    { kind: 'array', element: { kind: 'varchar', length: null } },
  ),
  fc.record(
    { kind: fc.constant('numeric' as const), precision: fc.option(fc.nat()), scale: fc.option(fc.integer()) },
    { noNullPrototype: true },
  ),
);
const columns = fc.array(fc.tuple(text, type, fc.nat(), fc.nat()), { maxLength: 20 });
const flags = fc.nat(127);
const state = fc.constantFrom(0 as const, 1 as const, 2 as const);

const request: fc.Arbitrary<Request> = fc.oneof(
  fc.tuple(fc.constant(OP.hello), fc.constant(0 as const), fc.nat(), text, fc.nat()),
  fc.tuple(fc.constant(OP.open), session, text, text, text, text, settings),
  fc.tuple(fc.constant(OP.authenticate), session, bytes),
  fc.tuple(fc.constant(OP.prepare), session, fc.nat(), bytes, fc.array(fc.option(type))),
  fc.tuple(fc.constant(OP.execute), session, fc.nat(), fc.nat(), fc.nat(), flags, row),
  fc.tuple(fc.constant(OP.fetch), session, fc.nat(), fc.nat(), flags),
  fc.tuple(fc.constant(OP.closePortal), session, fc.nat()),
  fc.tuple(fc.constant(OP.copyData), session, rows),
  fc.tuple(fc.constant(OP.copyEnd), session, fc.option(text), flags),
  fc.tuple(fc.constant(OP.finish), session),
  fc.tuple(fc.constant(OP.cancel), session),
  fc.tuple(fc.constant(OP.close), session),
  fc.tuple(fc.constant(OP.forget), fc.constant(0 as const), fc.nat()),
  fc.tuple(fc.constant(OP.fail), session, flags),
);
const reply: fc.Arbitrary<Reply> = fc.oneof(
  fc.tuple(fc.constant(REPLY.welcome), fc.constant(0 as const), fc.nat(), text),
  fc.tuple(fc.constant(REPLY.authContinue), session, bytes),
  fc.tuple(fc.constant(REPLY.ready), session, bytes, settings),
  fc.tuple(fc.constant(REPLY.described), session, fc.nat(), fc.array(type), fc.option(columns)),
  fc.tuple(fc.constant(REPLY.rows), session, rows),
  fc.tuple(fc.constant(REPLY.done), session, text, fc.integer(), state, fc.option(rows), fc.option(settings)),
  fc.tuple(fc.constant(REPLY.suspended), session, rows),
  fc.tuple(fc.constant(REPLY.copyIn), session, columns),
  fc.tuple(fc.constant(REPLY.copyAck), session),
  fc.tuple(fc.constant(REPLY.failure), session, text, text, fields, state),
  fc.tuple(fc.constant(REPLY.notice), session, text, text, text, fields),
  fc.tuple(fc.constant(REPLY.stale), session, fc.nat()),
);

function decodeAll(stream: Buffer, cuts: readonly number[], bytesMax?: number): unknown[] {
  const decoder = new FrameDecoder(bytesMax);
  const messages: unknown[] = [];
  let at = 0;
  for (const cut of [...cuts.map((c) => c % (stream.length + 1)).sort((a, b) => a - b), stream.length]) {
    decoder.push(stream.subarray(at, cut), (m) => messages.push(m));
    at = cut;
  }
  return messages;
}

describe('frames on the wire', () => {
  it('decode to what was encoded, however the stream is split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(request, reply), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (frames, cuts) => {
          const writer = new MessagePackWriter(16);
          for (const frame of frames) encodeFrame(writer, frame);
          expect(decodeAll(writer.buffer.subarray(0, writer.position), cuts)).toStrictEqual(frames);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('are MessagePack that another implementation reads', () => {
    const plain = fc.array(
      fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), fc.double({ noNaN: true }), text, settings),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(plain, (values) => {
        // That one renames this key, for its own protection.
        fc.pre(!JSON.stringify(values).includes('"__proto__"'));
        const writer = new MessagePackWriter(16);
        writer.array(values);
        expect(unpack(writer.buffer.subarray(0, writer.position))).toEqual(values);
      }),
    );
  });

  it('keep numbers and bigints apart, and minus zero', () => {
    const writer = new MessagePackWriter();
    encodeFrame(writer, [OP.execute, 1, 2, 0, 0, 0, [5, 5n, -0, 2 ** 40, Number.NaN]]);
    expect(decodeAll(writer.buffer.subarray(0, writer.position), [])).toStrictEqual([
      [4, 1, 2, 0, 0, 0, [5, 5n, -0, 2 ** 40, Number.NaN]],
    ]);
  });
});

describe('foreign bytes', () => {
  it('are refused and never crash the decoder', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const frame = Buffer.concat([Buffer.from([0, 0, 0, noise.length]), noise]);
        try {
          decodeAll(frame, []);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedFrameError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('in the middle of frames are refused too, or read as other frames', () => {
    const change = fc.tuple(
      fc.nat(),
      fc.constantFrom('set', 'cut', 'insert'),
      fc.uint8Array({ minLength: 1, maxLength: 6 }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(request, reply), { minLength: 1, maxLength: 4 }),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (frames, changes) => {
          const writer = new MessagePackWriter(16);
          for (const frame of frames) encodeFrame(writer, frame);
          let stream = Buffer.from(writer.buffer.subarray(0, writer.position));
          for (const [where, how, foreign] of changes) {
            const at = where % (stream.length + 1);
            const behind = how === 'insert' ? at : at + foreign.length;
            const between = how === 'cut' ? [] : [foreign];
            stream = Buffer.concat([stream.subarray(0, at), ...between, stream.subarray(behind)]);
          }
          try {
            for (const read of decodeAll(stream, [])) expect(read).toEqual(expect.any(Array));
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedFrameError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('with an oversized length are refused before anything is held', () => {
    expect(() => decodeAll(Buffer.from([0x7f, 0xff, 0xff, 0xff, 0x90]), [])).toThrow(MalformedFrameError);
    expect(() => decodeAll(Buffer.from([0, 0, 0, 5, 0xdd, 0x7f, 0xff, 0xff, 0xff]), [])).toThrow(MalformedFrameError);
  });

  it('a frame above the limit is not sent, and what stood before it stays', () => {
    const writer = new MessagePackWriter();
    encodeFrame(writer, [OP.finish, 7]);
    expect(() => encodeFrame(writer, [OP.authenticate, 7, new Uint8Array(100)], 50)).toThrow(FrameTooLargeError);
    expect(decodeAll(writer.buffer.subarray(0, writer.position), [])).toEqual([[OP.finish, 7]]);
  });
});
