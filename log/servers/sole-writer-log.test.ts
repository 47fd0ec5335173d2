import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { type LogRecord, OutcomeUnknown } from '../change-log.js';
import { MemoryLog } from '../memory/memory-log.js';
import { type ForeignRecord, Overtaken, SoleWriterLog } from './sole-writer-log.js';

const P = 0 as Partition;
const CLOCK = { nowMicros: () => 0n, monotonicMs: () => 0, after: () => () => undefined };
const record = (text: string): LogRecord => ({ key: null, value: Buffer.from(text), timestampMs: 0 });

const meaningOf = ({ value }: LogRecord): ForeignRecord => {
  const text = Buffer.from(value).toString();
  return text === 'void' || text === 'lease' ? text : 'counts';
};

async function setup(): Promise<{ shared: MemoryLog; own: SoleWriterLog; lost: Overtaken[] }> {
  const shared = new MemoryLog();
  const lease = await shared.append(P, [record('lease')]);
  const lost: Overtaken[] = [];
  const overtaken = (error: Overtaken): void => {
    lost.push(error);
  };
  const next = (lease + 1) as Offset;
  return {
    shared,
    own: new SoleWriterLog({ log: shared, partition: P, next, clock: CLOCK, meaningOf, overtaken }),
    lost,
  };
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
    await shared.append(P, [record('lease')]);
    const appends = [own.append(P, [record('b')]), own.append(P, [record('c')])];
    for (const { status, ...rest } of await Promise.allSettled(appends)) {
      expect(status).toBe('rejected');
      expect((rest as { reason: unknown }).reason).toBeInstanceOf(Overtaken);
    }
    await expect(own.append(P, [record('d')])).rejects.toBeInstanceOf(Overtaken);
    expect(lost.map(({ offset, byLease }) => [offset, byLease])).toEqual([[2, true]]);
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
    await shared.append(P, [record('lease')]);
    await expect(own.append(P, [record('b')])).rejects.toBeInstanceOf(Overtaken);
    expect(lost).toHaveLength(1);
  });

  it('passes over what is void, and stops at what is not', async () => {
    const { shared, own, lost } = await setup();
    await shared.append(P, [record('void'), record('void')]);
    expect(await Promise.all([own.append(P, [record('a')]), own.append(P, [record('b')])])).toEqual([3, 4]);
    await shared.append(P, [record('void'), record('counts')]);
    await expect(own.append(P, [record('c')])).rejects.toBeInstanceOf(Overtaken);
    expect(lost.map(({ offset, byLease }) => [offset, byLease])).toEqual([[6, false]]);
  });

  it('lets offsets be left out that hold no record', async () => {
    const { shared, own, lost } = await setup();
    await shared.append(P, [record('hidden')]);
    shared.read = async function* () {};
    expect(await Promise.all([own.append(P, [record('a')]), own.append(P, [record('b')])])).toEqual([2, 3]);
    expect(lost).toEqual([]);
  });
});
