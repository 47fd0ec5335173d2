import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { type LogRecord, LogUnavailable, OutcomeUnknown, type StoredRecord } from '../change-log.js';
import { MemoryLog } from '../memory/memory-log.js';
import { SharedLog } from './shared-log.js';

const P = 0 as Partition;
const CLOCK = { nowMicros: () => 0n, monotonicMs: () => 0, after: () => () => undefined };
const record = (text: string): LogRecord => ({ key: null, value: Buffer.from(text), timestampMs: 0 });

/** Records that begin with `mine` are this process's. */
function setup(): { both: MemoryLog; own: SharedLog; seen: string[]; failed: Error[] } {
  const both = new MemoryLog();
  const seen: string[] = [];
  const failed: Error[] = [];
  const fold = ({ value }: StoredRecord): boolean => {
    const text = Buffer.from(value).toString();
    if (text === 'damaged') throw new Error('not understood');
    seen.push(text);
    return text.startsWith('mine');
  };
  const own = new SharedLog({
    log: both,
    partition: P,
    next: 0 as Offset,
    clock: CLOCK,
    fold,
    failed: (error) => failed.push(error),
  });
  void own.follow();
  return { both, own, seen, failed };
}

describe('SharedLog', () => {
  it('acknowledges an append at its place between the records of others, before what stands behind is taken', async () => {
    const { both, own, seen } = setup();
    const appends = [
      both.append(P, [record('before')]),
      own.append(P, [record('mine 1'), record('mine 2')]).then((offset) => seen.push(`told ${offset}`)),
      both.append(P, [record('between')]),
      own.append(P, [record('mine 3')]).then((offset) => seen.push(`told ${offset}`)),
      both.append(P, [record('behind')]),
    ];
    await Promise.all(appends);
    while (!seen.includes('behind')) await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(['before', 'mine 1', 'mine 2', 'told 2', 'between', 'mine 3', 'told 4', 'behind']);
    await own.close();
  });

  it('rejects an append that the log refuses, and acknowledges the next one as its own', async () => {
    const { both, own } = setup();
    both.setFault(() => new LogUnavailable('away', 'away'));
    await expect(own.append(P, [record('mine 1')])).rejects.toThrow(LogUnavailable);
    both.setFault(null);
    expect(await own.append(P, [record('mine 2')])).toBe(0);
    await own.close();
  });

  it.each([true, false])('tells of an unknown outcome what the log comes to (it landed: %s)', async (landed) => {
    const { both, own } = setup();
    let tell: () => void = () => undefined;
    const until = new Promise<void>((resolve) => {
      tell = resolve;
    });
    both.setFault(() => ({ kind: 'unknown', landed, until }));
    const error: unknown = await own.append(P, [record('mine 1')]).catch((thrown: unknown) => thrown);
    both.setFault(null);
    expect(error).toBeInstanceOf(OutcomeUnknown);
    tell();
    expect(await (error as OutcomeUnknown).settled).toBe(landed ? 0 : null);
    expect(await own.append(P, [record('mine 2')])).toBe(landed ? 1 : 0);
    await own.close();
  });

  it('acknowledges nothing behind a record that is not understood', async () => {
    const { both, own, failed } = setup();
    await both.append(P, [record('damaged')]);
    while (failed.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await expect(own.append(P, [record('mine')])).rejects.toThrow('not understood');
    await own.close();
  });
});
