import fc from 'fast-check';
import { PacketInput } from './packet-input.js';
import { PacketReader } from './packet-reader.js';
import { PacketWriter } from './packet-writer.js';
import { readParameters } from './parameters.js';

const FULL = 0xff_ffff;

function packets(...payloads: readonly Buffer[]): Buffer {
  const writer = new PacketWriter();
  for (const payload of payloads) {
    writer.start();
    writer.bytes(payload);
    writer.end();
  }
  return writer.buffer.subarray(0, writer.position);
}

describe('packets', () => {
  it('come out as they went in, however they were cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 50 }),
        (all, step) => {
          const bytes = packets(...all.map((payload) => Buffer.from(payload)));
          const input = new PacketInput(1_000);
          const heard: Buffer[] = [];
          for (let at = 0; at < bytes.length; at += step) {
            input.push(bytes.subarray(at, at + step));
            for (let message = input.next(); message !== null; message = input.next()) heard.push(message.payload);
          }
          expect(heard).toEqual(all.map((payload) => Buffer.from(payload)));
        },
      ),
    );
  });

  it.each([FULL - 1, FULL, FULL + 1, 2 * FULL])('carry a message of %p bytes', (length) => {
    const payload = Buffer.alloc(length, 7);
    payload[length - 1] = 8;
    const input = new PacketInput(40_000_000);
    const bytes = packets(payload);
    input.push(bytes.subarray(0, FULL + 6));
    // The second part has not come: asking for a new command must not lose the first.
    expect(input.next() === null || length < FULL).toBe(true);
    input.expect(0);
    if (length < FULL) return;
    input.push(bytes.subarray(FULL + 6));
    expect(input.next()?.payload.equals(payload)).toBe(true);
  });

  it('out of order or too long are refused before they are kept', () => {
    const disordered = new PacketInput(1_000);
    disordered.push(Buffer.from([1, 0, 0, 5, 0]));
    expect(() => disordered.next()).toThrow(expect.objectContaining({ condition: 'protocol_violation' }));
    const long = new PacketInput(1_000);
    long.push(Buffer.from([0, 0, 1, 0]));
    expect(() => long.next()).toThrow(expect.objectContaining({ condition: 'program_limit_exceeded' }));
  });

  it('with anything in them are read as parameters or refused, and nothing is read behind their end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 0, max: 9 }), (bytes, count) => {
        try {
          expect(readParameters(new PacketReader(Buffer.from(bytes)), count, null, new Map()).values).toHaveLength(
            count,
          );
        } catch (error) {
          expect(error).toMatchObject({ condition: 'protocol_violation' });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
