import { statfsSync } from 'node:fs';
import type { Logger } from 'pino';

/** LevelDB writes rows to its log first and to sorted files after that. */
const ROOM_FACTOR = 2;

/**
 * What the engine's process does when rows cannot be taken to disk. While the disk is full that is said and nothing else: clients go on reading.
 * Where it fails though there is room, the process ends, to be started again from the log: only opening it anew makes the row store writable,
 * and rows must not gather in memory for ever.
 */
export function onStoreFull(folder: string, logger: Logger): (error: Error, waitingBytes: number) => void {
  return (error, waitingBytes) => {
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < ROOM_FACTOR * waitingBytes) {
      logger.error({ err: error, waitingBytes }, 'the rows cannot be taken to disk; the log has them');
      return;
    }
    logger.fatal({ err: error }, 'the rows cannot be taken to disk though there is room: starting anew');
    process.exit(1);
  };
}
