import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { type LogRecord, OutcomeUnknown } from '../change-log.js';
import { MemoryLog } from '../memory/memory-log.js';
import { Overtaken, SoleWriterLog } from './sole-writer-log.js';

const P = 0 as Partition;
const CLOCK = { nowMicros: () => 0n, monotonicMs: () => 0, after: () => () => undefined };
const record = (text: string): LogRecord => ({ key: null, value: Buffer.from(text), timestampMs: 0 });

async function setup(): Promise<{ shared: MemoryLog; own: SoleWriterLog; lost: Overtaken[] }> {
  const shared = new MemoryLog();
  const lease = await shared.append(P, [record('lease')]);
  const lost: Overtaken[] = [];
  return { shared, own: new SoleWriterLog(shared, P, (lease + 1) as Offset, CLOCK, (error) => lost.push(error)), lost };
}

describe('SoleWriterLog', () => {
  it('passes on what follows its own records', async () => {
    const { own, lost } = await setup();
    const appends = [
      own.append(P, [record('a')]),
      own.append(P, [record('b'), record('c')]),
      own.append(P, [record('d')]),
    ];
    expect(await Promise.all(appends)).toEqual([1, 3, 4]);
    expect(lost).toEqual([]);
  });

  it('acknowledges nothing behind a record of somebody else, and tells of it once', async () => {
    const { shared, own, lost } = await setup();
    await own.append(P, [record('a')]);
    await shared.append(P, [record('the lease of another')]);
    const appends = [own.append(P, [record('b')]), own.append(P, [record('c')])];
    for (const { status, ...rest } of await Promise.allSettled(appends)) {
      expect(status).toBe('rejected');
      expect((rest as { reason: unknown }).reason).toBeInstanceOf(Overtaken);
    }
    await expect(own.append(P, [record('d')])).rejects.toBeInstanceOf(Overtaken);
    expect(lost.map(({ offset }) => offset)).toEqual([2]);
  });

  it('looks also at what came in while an outcome was unknown', async () => {
    const { shared, own, lost } = await setup();
    let tell: () => void = () => undefined;
    const until = new Promise<void>((resolve) => {
      tell = resolve;
    });
    shared.setFault(() => ({ kind: 'unknown', landed: true, until }));
    const unknown = await own.append(P, [record('a')]).catch((error: unknown) => error);
    expect(unknown).toBeInstanceOf(OutcomeUnknown);
    shared.setFault(null);
    tell();
    expect(await (unknown as OutcomeUnknown).settled).toBe(1);
    await shared.append(P, [record('the lease of another')]);
    await expect(own.append(P, [record('b')])).rejects.toBeInstanceOf(Overtaken);
    expect(lost).toHaveLength(1);
  });

  it('lets offsets be left out that hold no record', async () => {
    const shared = new MemoryLog();
    await shared.append(P, [record('lease')]);
    const gap = new SoleWriterLog(shared, P, 0 as Offset, CLOCK, () => undefined);
    // The memory log leaves none out: one that hides its first record does.
    shared.read = async function* () {};
    expect(await Promise.all([gap.append(P, [record('a')]), gap.append(P, [record('b')])])).toEqual([1, 2]);
  });
});
