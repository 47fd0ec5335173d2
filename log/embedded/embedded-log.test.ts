import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { LogCorrupted, LogUnavailable, OutcomeUnknown } from '../change-log.js';
import { changeLogSuite, textRecord, texts } from '../change-log.suite.js';
import { crc32c } from './crc32c.js';
import { EmbeddedLog, type TornEnd } from './embedded-log.js';
import { EmbeddedLogReader } from './embedded-log-reader.js';
import { LogLocked } from './folder-lock.js';
import { type LogDisk, realDisk } from './log-disk.js';
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

/** A log of `count` records, each a group of its own, as a killed process leaves it but for the zeros behind the end. */
async function written(count: number, segmentBytesMax = 1 << 20): Promise<{ at: string; segments: string[] }> {
  const at = await folder();
  const log = await EmbeddedLog.open({ folder: at, segmentBytesMax });
  for (let i = 0; i < count; i++) await log.append(P, [textRecord(`value ${i}`)]);
  await log.close();
  await rm(join(at, '0', 'reached'));
  return { at, segments: (await listSegments(join(at, '0'))).map((s) => s.path) };
}

const values = async (log: EmbeddedLog): Promise<string[]> =>
  (await texts(log.read(P, 0 as Offset, await log.end(P)))).map((t) => t.split('=')[1] as string);
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
      fc.asyncProperty(
        fc.integer({ min: 0, max: whole.length - 1 }),
        fc.uint8Array({ maxLength: 60 }),
        async (length, garbage) => {
          await writeFile(path, Buffer.concat([whole.subarray(0, length), Buffer.from(garbage)]));
          await rm(join(at, '0', 'reached'), { force: true });
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
        },
      ),
      { numRuns: 60 },
    );
  });

  it('cuts the end at every byte of the last records, and tells where', async () => {
    const { at, segments } = await written(6);
    const path = segments[0] as string;
    const whole = await readFile(path);
    const recordBytes = whole.length / 6;
    for (let length = 3 * recordBytes; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      await rm(join(at, '0', 'reached'), { force: true });
      const torn: TornEnd[] = [];
      const log = await EmbeddedLog.open({ folder: at, onTornEnd: (end) => torn.push(end) });
      const left = Math.floor(length / recordBytes);
      expect(await values(log)).toEqual(expected(left));
      // The first bytes of a length are zeros, like those that a segment is filled with beforehand: nothing to tell.
      const isTorn = whole.subarray(left * recordBytes, length).some((byte) => byte !== 0);
      expect(torn).toEqual(isTorn ? [{ segment: path, position: left * recordBytes, offset: left }] : []);
      await log.close();
    }
  });

  it('refuses to open over a flipped byte before the end, and says where', async () => {
    const { at, segments } = await written(20);
    const path = segments[0] as string;
    const whole = await readFile(path);
    const lastRecord = whole.length - 8 - 22 - 2 * 'value 19'.length;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: lastRecord - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (position, flip) => {
          const damaged = Buffer.from(whole);
          damaged[position] = (damaged[position] as number) ^ flip;
          await writeFile(path, damaged);
          const opening = EmbeddedLog.open({ folder: at });
          await expect(opening).rejects.toThrow(LogCorrupted);
          await expect(opening).rejects.toMatchObject({ segment: path, position: expect.any(Number) });
          const { damage } = await new EmbeddedLogReader(at).verify(P);
          expect(damage).toHaveLength(1);
          expect(damage[0]?.position).toBeLessThanOrEqual(position);
        },
      ),
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

  it('cuts a last group whose pages reached the disk out of order', async () => {
    const at = await folder();
    const log = await EmbeddedLog.open({ folder: at });
    await log.append(P, [textRecord('value 0')]);
    await Promise.all(Array.from({ length: 9 }, (_, i) => log.append(P, [textRecord(`value ${i + 1}`)])));
    await log.close();
    await rm(join(at, '0', 'reached'));
    const path = join(at, '0', '00000000000000000000.log');
    const whole = await readFile(path);
    const recordBytes = whole.length / 10;
    // The group's first page is still zeros, its second one is there.
    await writeFile(path, Buffer.from(whole).fill(0, recordBytes, 3 * recordBytes));
    const again = await EmbeddedLog.open({ folder: at });
    expect(await values(again)).toEqual(expected(1));
    await again.close();
  });

  it('refuses to open over a damaged last group when the log was closed in order', async () => {
    const at = await folder();
    const log = await EmbeddedLog.open({ folder: at });
    await Promise.all(Array.from({ length: 9 }, (_, i) => log.append(P, [textRecord(`value ${i}`)])));
    await log.close();
    const path = join(at, '0', '00000000000000000000.log');
    const whole = await readFile(path);
    whole[whole.length - 1] = 1;
    await writeFile(path, whole);
    await expect(EmbeddedLog.open({ folder: at })).rejects.toMatchObject({ segment: path, offset: 8 });
    expect((await new EmbeddedLogReader(at).verify(P)).damage).toMatchObject([{ segment: path, offset: 8 }]);
  });

  it('takes zeros behind the end for nothing, and reads on from there', async () => {
    const { at, segments } = await written(5);
    await truncate(segments[0] as string, 100_000);
    expect(await new EmbeddedLogReader(at).verify(P)).toEqual({ records: 5, damage: [], tornBytes: 0 });
    const log = await EmbeddedLog.open({ folder: at });
    await log.append(P, [textRecord('value 5')]);
    expect(await values(log)).toEqual(expected(6));
    await log.close();
  });

  it('verifies on behind damage, and reports all of it', async () => {
    const { at, segments } = await written(100, 1_500);
    const flipped: string[] = [];
    for (const path of segments.slice(0, 2)) {
      const whole = await readFile(path);
      for (const position of [40, whole.length >> 1]) {
        whole[position] = (whole[position] as number) ^ 1;
        flipped.push(path);
      }
      await writeFile(path, whole);
    }
    const { records, damage } = await new EmbeddedLogReader(at).verify(P);
    expect(damage.map(({ segment }) => segment)).toEqual(flipped);
    expect(records).toBe(100 - flipped.length);
  });

  it('misses a segment that has gone', async () => {
    const { at, segments } = await written(100, 1_000);
    await rm(segments[0] as string);
    const log = await EmbeddedLog.open({ folder: at, segmentBytesMax: 1_000 });
    await expect(values(log)).rejects.toThrow(/offset 0 is missing/);
    await log.close();
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

  it('tells a reader from outside of damage that it would wait at', async () => {
    const { at, segments } = await written(10, 1 << 20);
    const bytes = await readFile(segments[0] as string);
    await writeFile(segments[0] as string, bytes.fill(0, bytes.indexOf('value 5'), bytes.indexOf('value 6')));
    const seen: string[] = [];
    const following = async (): Promise<void> => {
      for await (const batch of new EmbeddedLogReader(at).records(P, 0 as Offset, new AbortController().signal)) {
        for (const r of batch) seen.push(Buffer.from(r.value).toString());
      }
    };
    await expect(following()).rejects.toThrow(LogCorrupted);
    expect(seen).toEqual(['value 0', 'value 1', 'value 2', 'value 3', 'value 4']);
  });
});

/** A disk that can be full, or broken altogether. */
function faultyDisk(): LogDisk & { fault: 'none' | 'full' | 'broken' } {
  const error = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code });
  return {
    ...realDisk,
    fault: 'none',
    write(fd, bytes, from, to, position, done) {
      if (this.fault === 'none') realDisk.write(fd, bytes, from, to, position, done);
      else if (this.fault === 'broken') setImmediate(() => done(error('EIO')));
      // Half of it gets through.
      else realDisk.write(fd, bytes, from, from + ((to - from) >> 1), position, () => done(error('ENOSPC')));
    },
    truncate(fd, length, done) {
      if (this.fault === 'broken') setImmediate(() => done(error('EIO')));
      else realDisk.truncate(fd, length, done);
    },
  };
}

describe('EmbeddedLog on a failing disk', () => {
  it('refuses appends while the disk is full, leaves nothing of them, and goes on when there is room', async () => {
    const disk = faultyDisk();
    const at = await folder();
    const log = await EmbeddedLog.open({ folder: at, disk });
    await log.append(P, [textRecord('value 0')]);
    disk.fault = 'full';
    const failing = Array.from({ length: 20 }, (_, i) => log.append(P, [textRecord(`lost ${i}`)]));
    const order: number[] = [];
    failing.forEach((append, i) => {
      append.catch(() => order.push(i));
    });
    for (const append of failing)
      await expect(append).rejects.toMatchObject({ name: 'LogUnavailable', reason: 'full' });
    expect(order).toEqual(failing.map((_, i) => i));
    expect(await log.end(P)).toBe(1);
    disk.fault = 'none';
    expect(await log.append(P, [textRecord('value 1')])).toBe(1);
    expect(await values(log)).toEqual(expected(2));
    await log.close();
    expect(await new EmbeddedLogReader(at).verify(P)).toEqual({ records: 2, damage: [], tornBytes: 0 });
  });

  it('fails appends that come while a failure is being cleared away, behind those before them', async () => {
    const disk = faultyDisk();
    const log = await EmbeddedLog.open({ folder: await folder(), disk });
    await log.append(P, [textRecord('value 0')]);
    disk.fault = 'full';
    const order: string[] = [];
    const first = log.append(P, [textRecord('first')]).catch(() => order.push('first'));
    let late: Promise<unknown> = Promise.resolve();
    const { truncate: cut } = disk;
    disk.truncate = (fd, length, done) => {
      late = log.append(P, [textRecord('late')]).catch(() => order.push('late'));
      cut.call(disk, fd, length, done);
    };
    await first;
    await late;
    expect(order).toEqual(['first', 'late']);
    disk.fault = 'none';
    expect(await log.append(P, [textRecord('value 1')])).toBe(1);
    await log.close();
  });

  it('does not know the outcome when the file cannot be cut either, and finds out when it can', async () => {
    const disk = faultyDisk();
    const log = await EmbeddedLog.open({ folder: await folder(), disk });
    await log.append(P, [textRecord('value 0')]);
    disk.fault = 'broken';
    const error = await log.append(P, [textRecord('lost')]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OutcomeUnknown);
    await expect(log.append(P, [textRecord('lost')])).rejects.toThrow(LogUnavailable);
    disk.fault = 'none';
    expect(await (error as OutcomeUnknown).settled).toBeNull();
    expect(await log.append(P, [textRecord('value 1')])).toBe(1);
    expect(await values(log)).toEqual(expected(2));
    await log.close();
  });

  it('takes a large load in groups, and keeps a call together', async () => {
    const log = await EmbeddedLog.open({ folder: await folder(), segmentBytesMax: 16 << 20 });
    const large = 'x'.repeat(300_000);
    const calls = Array.from({ length: 40 }, () =>
      log.append(
        P,
        Array.from({ length: 5 }, () => textRecord(large, 'k')),
      ),
    );
    expect(await Promise.all(calls)).toEqual(calls.map((_, i) => i * 5 + 4));
    let count = 0;
    for await (const batch of log.read(P, 0 as Offset, await log.end(P))) count += batch.length;
    expect(count).toBe(200);
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
