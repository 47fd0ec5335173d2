import type { CommittedTransaction, History } from './history.js';
import { insist } from './violation.js';

/**
 * I2 of a commit in the log: the log's order is the order of commits. What a transaction has seen was stamped before it, by whatever server, and each row version
 * replaces an older one.
 */
export function checkCommitOrder(history: History, commit: CommittedTransaction): void {
  const { transaction, snapshot, offset, timestamp } = commit;
  insist(snapshot <= offset, 'I2', () => `transaction ${transaction} at offset ${offset} has seen offset ${snapshot}`);
  for (const seen of history.committed) {
    if (seen.offset >= snapshot) break;
    insist(
      seen.timestamp <= timestamp,
      'I2',
      () =>
        `transaction ${transaction} at offset ${offset} is stamped ${timestamp}, before ${seen.timestamp} of offset ${seen.offset}, which it has seen`,
    );
  }
  for (const { version, previous, sequence } of commit.events)
    insist(
      previous === null || previous < version,
      'I2',
      () => `event ${sequence} of ${transaction} replaces version ${previous}, which is no older than ${version}`,
    );
}
