import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { LogUnavailable, OutcomeUnknown } from '../change-log.js';
import { changeLogSuite, textRecord } from '../change-log.suite.js';
import { MemoryLog } from './memory-log.js';

const P = 0 as Partition;

describe('MemoryLog', () => {
  changeLogSuite(async () => ({ log: new MemoryLog(), reopen: null, dispose: async () => undefined }));

  it('fails what was appended behind a failure, and takes appends again once it was delivered', async () => {
    const log = new MemoryLog();
    let fail = true;
    log.setFault(() => (fail ? new LogUnavailable('away', 'gone') : null));
    const first = log.append(P, [textRecord('a')]);
    fail = false;
    const second = log.append(P, [textRecord('b')]);
    // Called from a handler of the failure: whoever calls it knows.
    const third = first.catch(() => log.append(P, [textRecord('c')]));
    await expect(first).rejects.toThrow('gone');
    await expect(second).rejects.toThrow('gone');
    expect(await third).toBe(0);
  });

  it('delivers the failures of one turn before anything that they start', async () => {
    const log = new MemoryLog();
    log.setFault(() => new LogUnavailable('away', 'gone'));
    const seen: string[] = [];
    const first = log.append(P, [textRecord('a')]);
    const second = log.append(P, [textRecord('b')]);
    const started = first.catch(() => {
      seen.push('first');
      return Promise.resolve().then(() => seen.push('started by first'));
    });
    await Promise.all([started, second.catch(() => seen.push('second'))]);
    expect(seen).toEqual(['first', 'second', 'started by first']);
  });

  it.each([true, false])('leaves an outcome open until it is known: landed %s', async (landed) => {
    const log = new MemoryLog();
    let know = (): void => undefined;
    const until = new Promise<void>((resolve) => {
      know = resolve;
    });
    log.setFault(() => ({ kind: 'unknown', landed, until }));
    const open = log.append(P, [textRecord('a')]);
    log.setFault(null);
    const behind = log.append(P, [textRecord('b')]);
    const error = await open.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OutcomeUnknown);
    await expect(behind).rejects.toThrow(LogUnavailable);
    await expect(log.append(P, [textRecord('c')])).rejects.toThrow(LogUnavailable);
    know();
    expect(await (error as OutcomeUnknown).settled).toBe(landed ? 0 : null);
    expect(await log.append(P, [textRecord('d')])).toBe((landed ? 1 : 0) as Offset);
  });
});
