import { randomUUID } from 'node:crypto';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { startKafka } from '#test/harness/kafka.js';
import { sharedKafka } from '#test/harness/shared-servers.js';
import { LogUnavailable, OutcomeUnknown } from '../change-log.js';
import { changeLogSuite, textRecord, texts } from '../change-log.suite.js';
import { KafkaLog } from './kafka-log.js';

const P = 0 as Partition;
const newName = (): string => `log-${randomUUID()}`;
const urlOf = (bootstrap: string, cluster: string): string => `kafka://${bootstrap}/${cluster}`;
const valuesOf = async (log: KafkaLog): Promise<string[]> =>
  (await texts(log.read(P, 0 as Offset, await log.end(P)))).map((text) => text.split('=')[1] as string);

jest.setTimeout(120_000);

describe('KafkaLog', () => {
  changeLogSuite(async () => {
    const { bootstrap } = await sharedKafka();
    const url = urlOf(bootstrap, newName());
    const log = await KafkaLog.open({ url });
    return {
      log,
      reopen: async () => {
        await log.close();
        return KafkaLog.open({ url });
      },
      dispose: async () => undefined,
    };
  });

  it('keeps what two processes write in one order for both', async () => {
    const { bootstrap } = await sharedKafka();
    const url = urlOf(bootstrap, newName());
    const [one, two] = await Promise.all([KafkaLog.open({ url }), KafkaLog.open({ url })]);
    const appends = Array.from({ length: 100 }, (_, i) => (i % 2 ? one : two).append(P, [textRecord(`r${i}`)]));
    const offsets = await Promise.all(appends);
    expect(new Set(offsets).size).toBe(100);
    const values = await valuesOf(one);
    expect(await valuesOf(two)).toEqual(values);
    offsets.forEach((offset, i) => {
      expect(values[offset]).toBe(`r${i}`);
    });
    await Promise.all([one.close(), two.close()]);
  });

  it('keeps partitions apart', async () => {
    const { bootstrap } = await sharedKafka();
    const log = await KafkaLog.open({ url: urlOf(bootstrap, newName()), partitions: 2 });
    expect(log.partitions).toBe(2);
    await log.append(1 as Partition, [textRecord('one')]);
    expect(await log.end(P)).toBe(0);
    expect(await texts(log.read(1 as Partition, 0 as Offset, 1 as Offset))).toEqual(['0:one=one']);
    await log.close();
  });

  it('refuses a record that is larger than the log takes, and goes on', async () => {
    const { bootstrap } = await sharedKafka();
    const log = await KafkaLog.open({ url: urlOf(bootstrap, newName()), recordBytesMax: 100_000 });
    await expect(log.append(P, [textRecord('x'.repeat(100_000))])).rejects.toThrow(RangeError);
    expect(await log.append(P, [textRecord('a')])).toBe(0);
    await log.close();
  });

  it('says what is wrong when no broker answers', async () => {
    const opening = KafkaLog.open({ url: 'kafka://127.0.0.1:1/none', openTimeoutMs: 300 });
    await expect(opening).rejects.toThrow(LogUnavailable);
    await expect(opening).rejects.toThrow(/kafka:\/\/127.0.0.1:1\/none/);
  });
});

describe('KafkaLog whose broker fails', () => {
  /** Appends one after the other until told to stop; tells what was acknowledged, and what was found out later. */
  async function load(
    log: KafkaLog,
    stop: AbortSignal,
  ): Promise<{ standing: string[]; refused: number; unknown: number }> {
    const standing: string[] = [];
    const settling: Promise<void>[] = [];
    let refused = 0;
    let unknown = 0;
    const worker = async (name: string): Promise<void> => {
      for (let i = 0; !stop.aborted; i++) {
        const text = `${name}.${i}`;
        try {
          await log.append(P, [textRecord(text)]);
          standing.push(text);
        } catch (error) {
          if (error instanceof OutcomeUnknown) {
            unknown++;
            settling.push(error.settled.then((offset) => void (offset === null || standing.push(text))));
          } else if (error instanceof LogUnavailable) refused++;
          else throw error;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, i) => worker(`w${i}`)));
    await Promise.all(settling);
    return { standing, refused, unknown };
  }

  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  it('knows after every interruption exactly what stands in the log', async () => {
    const cluster = await startKafka();
    const [broker] = cluster.brokers;
    if (broker === undefined) throw new Error('one broker was asked for');
    const url = urlOf(cluster.bootstrap, newName());
    const log = await KafkaLog.open({ url, appendTimeoutMs: 1_500, settleGraceMs: 500 });
    const stop = new AbortController();
    const loading = load(log, stop.signal);
    await pause(300);
    broker.pause();
    await pause(2_500);
    broker.resume();
    await pause(2_500);
    await broker.kill();
    await pause(2_500);
    await broker.restart();
    await pause(4_000);
    const before = await log.end(P);
    await pause(300);
    expect(await log.end(P)).toBeGreaterThan(before);
    stop.abort();
    const { standing, refused, unknown } = await loading;
    expect(unknown).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
    const values = await valuesOf(log);
    expect(values.length).toBe(standing.length);
    expect(new Set(values)).toEqual(new Set(standing));
    await log.close();
    await cluster.stop();
  });

  it('is followed across the interruption', async () => {
    const cluster = await startKafka();
    const [broker] = cluster.brokers;
    if (broker === undefined) throw new Error('one broker was asked for');
    const log = await KafkaLog.open({ url: urlOf(cluster.bootstrap, newName()), appendTimeoutMs: 30_000 });
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const batch of log.tail(P, 0 as Offset, stop.signal)) {
        for (const { value } of batch) seen.push(Buffer.from(value).toString());
        if (seen.length >= 2) stop.abort();
      }
    })();
    await log.append(P, [textRecord('before')]);
    await broker.kill();
    const appending = log.append(P, [textRecord('after')]);
    await broker.restart();
    await appending;
    await following;
    expect(seen).toEqual(['before', 'after']);
    await log.close();
    await cluster.stop();
  });
});
