import { join } from 'node:path';

/** Where a partition's segments stand in the log's folder. */
export function partitionFolder(folder: string, partition: number): string {
  return join(folder, String(partition));
}
