import type { Offset, Partition } from '#schemas/kernel/brand.js';
import type { ChangeLog, LogRecord, StoredRecord } from './change-log.js';

const P = 0 as Partition;

export function textRecord(text: string, key: string | null = text): LogRecord {
  return { key: key === null ? null : Buffer.from(key), value: Buffer.from(text), timestampMs: 1_700_000_000_000 };
}

export async function texts(batches: AsyncIterable<readonly StoredRecord[]>): Promise<string[]> {
  const found: string[] = [];
  for await (const batch of batches)
    for (const r of batch)
      found.push(
        `${r.offset}:${r.key === null ? '-' : Buffer.from(r.key).toString()}=${Buffer.from(r.value).toString()}`,
      );
  return found;
}

/** What every ChangeLog promises. `open` gives an empty log; `reopen` closes it and opens it again with what it holds. */
export function changeLogSuite(
  open: () => Promise<{ log: ChangeLog; reopen: (() => Promise<ChangeLog>) | null; dispose: () => Promise<void> }>,
): void {
  let log: ChangeLog;
  let reopen: (() => Promise<ChangeLog>) | null;
  let dispose: () => Promise<void>;

  beforeEach(async () => {
    ({ log, reopen, dispose } = await open());
  });
  afterEach(async () => {
    await log.close();
    await dispose();
  });

  it('answers an append with the offset of its last record, and reads back what was appended', async () => {
    const first = await log.append(P, [textRecord('a'), textRecord('b', null)]);
    const second = await log.append(P, [textRecord('', 'k')]);
    expect(second).toBeGreaterThan(first);
    const end = await log.end(P);
    expect(end).toBeGreaterThan(second);
    const read = await texts(log.read(P, 0 as Offset, end));
    expect(read.map((t) => t.replace(/^\d+:/, ''))).toEqual(['a=a', '-=b', 'k=']);
  });

  it('keeps the order of calls without waiting between them', async () => {
    const offsets = await Promise.all(
      Array.from({ length: 200 }, (_, i) => log.append(P, [textRecord(`r${i}`), textRecord(`s${i}`)])),
    );
    expect([...offsets].sort((a, b) => a - b)).toEqual(offsets);
    const read = await texts(log.read(P, 0 as Offset, await log.end(P)));
    expect(read.map((t) => t.split('=')[1])).toEqual(Array.from({ length: 200 }, (_, i) => [`r${i}`, `s${i}`]).flat());
  });

  it('copies what it is given before the call returns', async () => {
    const value = Buffer.from('before');
    const appended = log.append(P, [{ key: value, value, timestampMs: 1 }]);
    value.fill('x');
    await appended;
    expect(await texts(log.read(P, 0 as Offset, await log.end(P)))).toEqual([expect.stringMatching(/:before=before$/)]);
  });

  it('keeps headers, in their order', async () => {
    const headers = [
      ['traceparent', Buffer.from('00-1')],
      ['empty', Buffer.alloc(0)],
      ['traceparent', Buffer.from([0, 255])],
    ] as const;
    await log.append(P, [{ ...textRecord('with'), headers }, textRecord('without')]);
    const all: StoredRecord[] = [];
    for await (const batch of log.read(P, 0 as Offset, await log.end(P))) all.push(...batch);
    expect(all[0]?.headers?.map(([name, value]) => [name, Buffer.from(value).toString('hex')])).toEqual([
      ['traceparent', '30302d31'],
      ['empty', ''],
      ['traceparent', '00ff'],
    ]);
    expect(all[1]?.headers ?? []).toEqual([]);
    expect(all[0]?.timestampMs).toBe(1_700_000_000_000);
  });

  it('refuses an append without records, and a partition that it does not have', async () => {
    await expect(log.append(P, [])).rejects.toThrow(RangeError);
    expect(() => log.append(99 as Partition, [textRecord('a')])).toThrow(RangeError);
  });

  it('serves several tails at once, from different places', async () => {
    for (let i = 0; i < 3; i++) await log.append(P, [textRecord(String(i))]);
    const all: StoredRecord[] = [];
    for await (const batch of log.read(P, 0 as Offset, await log.end(P))) all.push(...batch);
    const follow = async (from: Offset, count: number): Promise<string> => {
      const stop = new AbortController();
      const seen: string[] = [];
      for await (const batch of log.tail(P, from, stop.signal)) {
        for (const record of batch) seen.push(Buffer.from(record.value).toString());
        if (seen.length >= count) stop.abort();
      }
      return seen.join('');
    };
    const following = [follow(0 as Offset, 6), follow(all[2]?.offset as Offset, 4), follow(await log.end(P), 3)];
    for (let i = 3; i < 6; i++) await log.append(P, [textRecord(String(i))]);
    expect(await Promise.all(following)).toEqual(['012345', '2345', '345']);
  });

  it('ends a tail that waits when it is aborted', async () => {
    const stop = new AbortController();
    const ended = (async () => {
      for await (const batch of log.tail(P, 0 as Offset, stop.signal)) throw new Error(`${batch.length} records`);
    })();
    setImmediate(() => stop.abort());
    await ended;
  });

  it('reads any range', async () => {
    for (let i = 0; i < 10; i++) await log.append(P, [textRecord(String(i))]);
    const all: StoredRecord[] = [];
    for await (const batch of log.read(P, 0 as Offset, await log.end(P))) all.push(...batch);
    const [from, to] = [all[3]?.offset as Offset, all[6]?.offset as Offset];
    expect((await texts(log.read(P, from, to))).map((t) => t.split('=')[1])).toEqual(['3', '4', '5']);
  });

  it('tails: what is there, then what comes, until aborted', async () => {
    await log.append(P, [textRecord('old')]);
    const stop = new AbortController();
    const seen: string[] = [];
    const tailing = (async () => {
      for await (const batch of log.tail(P, 0 as Offset, stop.signal)) {
        for (const r of batch) seen.push(Buffer.from(r.value).toString());
        if (seen.length === 3) stop.abort();
      }
    })();
    await log.append(P, [textRecord('new')]);
    await log.append(P, [textRecord('newer')]);
    await tailing;
    expect(seen).toEqual(['old', 'new', 'newer']);
  });

  it('takes records from nothing to megabytes', async () => {
    const large = 'x'.repeat(900_000);
    await log.append(P, [textRecord(large, 'k'), textRecord('', null)]);
    const read = await texts(log.read(P, 0 as Offset, await log.end(P)));
    expect(read.map((t) => t.replace(/^\d+/, '').length)).toEqual([large.length + 3, 3]);
  });

  it('has everything acknowledged after it was closed and opened again', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, i) => log.append(P, [textRecord(String(i))])));
    if (reopen === null) return;
    log = await reopen();
    expect((await texts(log.read(P, 0 as Offset, await log.end(P)))).map((t) => t.split('=')[1])).toEqual(
      Array.from({ length: 50 }, (_, i) => String(i)),
    );
    const offset = await log.append(P, [textRecord('more')]);
    expect(await log.end(P)).toBe(offset + 1);
  });
}
