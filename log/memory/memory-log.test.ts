import type { Partition } from '#schemas/kernel/brand.js';
import { LogUnavailable } from '../change-log.js';
import { changeLogSuite, textRecord } from '../change-log.suite.js';
import { MemoryLog } from './memory-log.js';

describe('MemoryLog', () => {
  changeLogSuite(async () => ({ log: new MemoryLog(), reopen: null, dispose: async () => undefined }));

  it('fails what was appended behind a failure, and takes appends again once it was delivered', async () => {
    const log = new MemoryLog();
    let fail = true;
    log.setFault(() => (fail ? new LogUnavailable('away', 'gone') : null));
    const first = log.append(0 as Partition, [textRecord('a')]);
    fail = false;
    const second = log.append(0 as Partition, [textRecord('b')]);
    await expect(first).rejects.toThrow('gone');
    await expect(second).rejects.toThrow('gone');
    expect(await log.append(0 as Partition, [textRecord('c')])).toBe(0);
  });
});
