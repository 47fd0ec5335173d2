import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** File of the data folder that names its log. */
const NAME = 'log-url';

/**
 * The log that the rows in a data folder were folded from, as `--log` takes it; null for a folder that no node has used.
 * A later start needs not name it again, and the command line finds it there.
 */
export function rememberedLog(data: string): string | null {
  try {
    return readFileSync(join(data, NAME), 'utf8').trim();
  } catch {
    return null;
  }
}

export function rememberLog(data: string, log: string): void {
  writeFileSync(join(data, NAME), `${log}\n`, { mode: 0o600 });
}

/** Whether both name one log. The brokers of a Kafka cluster may move; the name of the cluster stays. */
export function isSameLog(one: string, other: string): boolean {
  const areKafka = one.startsWith('kafka:') && other.startsWith('kafka:');
  return one === other || (areKafka && clusterOf(one) === clusterOf(other));
}

function clusterOf(log: string): string {
  return log.slice(log.lastIndexOf('/') + 1);
}
