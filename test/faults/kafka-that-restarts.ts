import { startKafka } from '../harness/kafka.js';
import type { World } from './kill-in-turn.suite.js';

/** A log on a broker that is killed, too. */
export async function kafkaThatRestarts(cluster: string): Promise<World> {
  const kafka = await startKafka();
  const [broker] = kafka.brokers;
  if (broker === undefined) throw new Error('no broker');
  const restart = async (): Promise<void> => {
    await broker.kill();
    await broker.restart();
  };
  return {
    log: `kafka://${kafka.bootstrap}/${cluster}`,
    outsiders: [{ name: 'broker', restart }],
    stop: () => kafka.stop(),
  };
}
