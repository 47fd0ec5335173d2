/**
 * What an append costs: `npm run build`, then `node dist/test/bench/micro/change-log.js [embedded | kafka://…]`.
 * Rates and latencies by appends in flight, processor time of the calls, and the rate of reading all of it back.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChangeLog, LogRecord } from '#log/change-log.js';
import { EmbeddedLog } from '#log/embedded/embedded-log.js';
import { KafkaLog } from '#log/kafka/kafka-log.js';
import type { Offset, Partition } from '#schemas/kernel/brand.js';

const P = 0 as Partition;
const KEY_BYTES = 13;
const VALUE_BYTES = 250;

async function measure(log: ChangeLog, inFlight: number, total: number): Promise<void> {
  const record: LogRecord = {
    key: Buffer.alloc(KEY_BYTES, 1),
    value: Buffer.alloc(VALUE_BYTES, 2),
    timestampMs: 1_700_000_000_000,
  };
  const records = [record];
  const latencies = new Float64Array(total);
  const began = performance.now();
  const cpu = process.cpuUsage();
  let sent = 0;
  const worker = async (): Promise<void> => {
    while (sent < total) {
      const at = sent++;
      const from = performance.now();
      await log.append(P, records);
      latencies[at] = performance.now() - from;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort();
  const quantile = (q: number): string => (latencies[Math.floor(total * q)] ?? 0).toFixed(3);
  const rate = Math.round((total / ms) * 1_000);
  const each = ((user + system) / total).toFixed(1);
  console.log(`${inFlight} in flight: ${rate}/s, ms p50 ${quantile(0.5)} p99 ${quantile(0.99)}, cpu ${each} µs`);
}

/** The calls alone, in turns of 64. */
async function measureCalls(log: ChangeLog, total: number): Promise<void> {
  const records: LogRecord[] = [
    { key: Buffer.alloc(KEY_BYTES, 1), value: Buffer.alloc(VALUE_BYTES, 2), timestampMs: 1_700_000_000_000 },
  ];
  let spent = 0;
  for (let i = 0; i < total; i += 64) {
    const appends: Array<Promise<Offset>> = [];
    const from = performance.now();
    for (let j = 0; j < 64; j++) appends.push(log.append(P, records));
    spent += performance.now() - from;
    await Promise.all(appends);
  }
  console.log(`a call: ${((spent / total) * 1_000).toFixed(2)} µs`);
}

async function measureReading(log: ChangeLog): Promise<void> {
  const end = await log.end(P);
  const began = performance.now();
  let count = 0;
  for await (const batch of log.read(P, 0 as Offset, end)) count += batch.length;
  console.log(`read back: ${Math.round((count / (performance.now() - began)) * 1_000)} records/s (${count})`);
}

/** From the call of append to the hands of a follower in the same process. */
async function measureFollowing(log: ChangeLog): Promise<void> {
  const stop = new AbortController();
  const sent = new Map<number, number>();
  const delays: number[] = [];
  const end = await log.end(P);
  const following = (async () => {
    for await (const batch of log.tail(P, end, stop.signal)) {
      for (const { timestampMs } of batch) delays.push(performance.now() - (sent.get(timestampMs) ?? 0));
      if (delays.length >= 1_000) stop.abort();
    }
  })();
  for (let i = 1; i <= 1_000; i++) {
    sent.set(i, performance.now());
    await log.append(P, [{ key: null, value: Buffer.alloc(VALUE_BYTES), timestampMs: i }]);
  }
  await following;
  delays.sort((a, b) => a - b);
  console.log(`followed: ms p50 ${delays[500]?.toFixed(3)} p99 ${delays[990]?.toFixed(3)}`);
}

async function main(url: string): Promise<void> {
  const folder = await mkdtemp(join(process.cwd(), '.bench-log-'));
  try {
    const log = url === 'embedded' ? await EmbeddedLog.open({ folder }) : await KafkaLog.open({ url });
    console.log(url);
    await measure(log, 1, 2_000);
    await measure(log, 1, 4_000);
    await measure(log, 32, 60_000);
    await measure(log, 256, 200_000);
    await measureCalls(log, 200_000);
    await measureReading(log);
    await measureFollowing(log);
    await log.close();
  } finally {
    await rm(folder, { recursive: true });
  }
}

await main(process.argv[2] ?? 'embedded');
