import { join } from 'node:path';
import type { ChangeLog } from '#log/change-log.js';
import { EmbeddedLog, type TornEnd } from '#log/embedded/embedded-log.js';
import type { Configuration } from '../config/configuration.js';

/** Opens the log that a configuration names. The Kafka driver is loaded only when it is asked for. */
export async function openLog(
  configuration: Configuration,
  onTornEnd: (torn: TornEnd) => void = () => undefined,
): Promise<ChangeLog> {
  if (configuration.log === 'embedded') return EmbeddedLog.open({ folder: embeddedFolder(configuration), onTornEnd });
  const { KafkaLog } = await import('#log/kafka/kafka-log.js');
  const { log: url, commitTimeoutMs: appendTimeoutMs, serverId } = configuration;
  return KafkaLog.open({ url, appendTimeoutMs, shared: serverId !== 0 });
}

export function embeddedFolder(configuration: Pick<Configuration, 'data'>): string {
  return join(configuration.data, 'log');
}
