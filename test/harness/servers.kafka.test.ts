import { createConnection } from 'node:net';
import { isAlive } from './guarded-process.js';
import { startKafka } from './kafka.js';
import { sharedKafka } from './shared-servers.js';

/** ApiVersions, version 0, correlation 7: the one request that every broker answers to anybody. */
const API_VERSIONS = Buffer.from('000000120012000000000007000870726f62652d6b38', 'hex');

/** Whether the broker answers a request within the time. */
function answers(address: string, timeoutMs: number): Promise<boolean> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = createConnection({ host: host ?? '', port: Number(port) });
    const done = (answer: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => done(false), timeoutMs);
    socket.once('connect', () => socket.write(API_VERSIONS));
    socket.once('data', (data) => done(data.readInt32BE(4) === 7));
    socket.once('error', () => done(false));
  });
}

describe('Kafka for tests', () => {
  it('can be paused, resumed, killed, restarted and stopped', async () => {
    const cluster = await startKafka();
    const [broker] = cluster.brokers;
    if (broker === undefined) throw new Error('one broker was asked for');
    expect(await answers(broker.address, 5000)).toBe(true);
    broker.pause();
    expect(await answers(broker.address, 300)).toBe(false);
    broker.resume();
    expect(await answers(broker.address, 5000)).toBe(true);
    await broker.kill();
    expect(await answers(broker.address, 300)).toBe(false);
    await broker.restart();
    expect(await answers(broker.address, 5000)).toBe(true);
    const { pid } = broker;
    await cluster.stop();
    expect(isAlive(pid)).toBe(false);
  }, 120_000);

  it('is one broker for all who share it', async () => {
    const [first, second] = await Promise.all([sharedKafka(), sharedKafka()]);
    expect(second.bootstrap).toBe(first.bootstrap);
    expect(await answers(first.bootstrap, 5000)).toBe(true);
  }, 120_000);
});
