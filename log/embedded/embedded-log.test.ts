import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { LogCorrupted } from '../change-log.js';
import { changeLogSuite, textRecord, texts } from '../change-log.suite.js';
import { crc32c } from './crc32c.js';
import { EmbeddedLog } from './embedded-log.js';
import { EmbeddedLogReader } from './embedded-log-reader.js';
import { LogLocked } from './folder-lock.js';
import { listSegments } from './segment.js';

const P = 0 as Partition;
const folders: string[] = [];

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'polylog-log-'));
  folders.push(made);
  return made;
}
afterAll(async () => {
  for (const made of folders) await rm(made, { recursive: true, force: true });
});

/** A closed log of `count` records in segments of about `segmentBytesMax`; returns its folder and the path of its segments. */
async function written(count: number, segmentBytesMax = 1 << 20): Promise<{ at: string; segments: string[] }> {
  const at = await folder();
  const log = await EmbeddedLog.open({ folder: at, segmentBytesMax });
  for (let i = 0; i < count; i++) await log.append(P, [textRecord(`value ${i}`)]);
  await log.close();
  return { at, segments: (await listSegments(join(at, '0'))).map((s) => s.path) };
}

const values = async (log: EmbeddedLog): Promise<string[]> => (await texts(log.read(P, 0 as Offset, await log.end(P)))).map((t) => t.split('=')[1] as string);
const expected = (count: number): string[] => Array.from({ length: count }, (_, i) => `value ${i}`);

describe('EmbeddedLog', () => {
  changeLogSuite(async () => {
    const at = await folder();
    const log = await EmbeddedLog.open({ folder: at, segmentBytesMax: 2_000 });
    return {
      log,
      reopen: async () => {
        await log.close();
        return EmbeddedLog.open({ folder: at, segmentBytesMax: 2_000 });
      },
      dispose: async () => undefined,
    };
  });

  it('cuts a torn end wherever the last write broke off', async () => {
    const { at, segments } = await written(20);
    const path = segments[0] as string;
    const whole = await readFile(path);
    const recordBytes = whole.length / 20;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), fc.uint8Array({ maxLength: 60 }), async (length, garbage) => {
        await writeFile(path, Buffer.concat([whole.subarray(0, length), Buffer.from(garbage)]));
        const log = await EmbeddedLog.open({ folder: at });
        const found = await values(log);
        expect(found).toEqual(expected(found.length));
        // Records have two lengths here (value 0 to 9, value 10 to 19); none that was whole is lost.
        expect(found.length).toBeGreaterThanOrEqual(Math.floor(length / recordBytes) - 1);
        await log.append(P, [textRecord(`value ${found.length}`)]);
        await log.close();
        const again = await EmbeddedLog.open({ folder: at });
        expect(await values(again)).toEqual(expected(found.length + 1));
        await again.close();
      }),
      { numRuns: 60 },
    );
  });

  it('refuses to open over a flipped byte before the end, and says where', async () => {
    const { at, segments } = await written(20);
    const path = segments[0] as string;
    const whole = await readFile(path);
    const lastRecord = whole.length - 33 - 24;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: lastRecord - 1 }), fc.integer({ min: 1, max: 255 }), async (position, flip) => {
        const damaged = Buffer.from(whole);
        damaged[position] = (damaged[position] as number) ^ flip;
        await writeFile(path, damaged);
        const opening = EmbeddedLog.open({ folder: at });
        await expect(opening).rejects.toThrow(LogCorrupted);
        await expect(opening).rejects.toMatchObject({ segment: path, position: expect.any(Number) });
        const { damage } = await new EmbeddedLogReader(at).verify(P);
        expect(damage).toHaveLength(1);
        expect(damage[0]?.position).toBeLessThanOrEqual(position);
      }),
      { numRuns: 60 },
    );
  });

  it('finds damage in an older segment when it is read, and by verify', async () => {
    const { at, segments } = await written(100, 1_000);
    expect(segments.length).toBeGreaterThan(3);
    const path = segments[1] as string;
    await truncate(path, (await stat(path)).size - 5);
    const log = await EmbeddedLog.open({ folder: at, segmentBytesMax: 1_000 });
    await expect(values(log)).rejects.toThrow(LogCorrupted);
    await log.close();
    expect((await new EmbeddedLogReader(at).verify(P)).damage).toMatchObject([{ segment: path }]);
  });

  it('lets one process write, tells the other who does, and takes over from a dead one', async () => {
    const at = await folder();
    const log = await EmbeddedLog.open({ folder: at });
    await expect(EmbeddedLog.open({ folder: at })).rejects.toThrow(LogLocked);
    await expect(EmbeddedLog.open({ folder: at })).rejects.toThrow(String(process.pid));
    await log.close();
    await writeFile(join(at, 'lock'), '999999 gone\n');
    await (await EmbeddedLog.open({ folder: at })).close();
  });

  it('is followed by a reader from outside', async () => {
    const at = await folder();
    const log = await EmbeddedLog.open({ folder: at, segmentBytesMax: 500 });
    await log.append(P, [textRecord('0')]);
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const batch of new EmbeddedLogReader(at).records(P, 0 as Offset, stop.signal)) {
        for (const r of batch) seen.push(Buffer.from(r.value).toString());
        if (seen.length >= 40) stop.abort();
      }
    })();
    for (let i = 1; i < 40; i++) await log.append(P, [textRecord(String(i))]);
    await following;
    expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => String(i)));
    await log.close();
  });
});

describe('crc32c', () => {
  it('gives the check values of RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32), 0, 32)).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff), 0, 32)).toBe(0x62a8ab43);
  });
});
