import type { ChangeLog } from '#log/change-log.js';
import type { VersionMint } from '#log/clock/hybrid-clock.js';
import type { Certifier } from '#log/transactions/certifier.js';
import type { Offset, Partition, ServerId } from '#schemas/kernel/brand.js';
import type { Clock } from '#schemas/kernel/ports.js';
import type { Store } from '../rows/store.js';
import type { EventEncoder } from './commit-record.js';
import type { SharedCommits } from './shared-commits.js';

/** What a transaction manager works with. */
export interface TransactionManagerOptions {
  readonly store: Store;
  readonly log: ChangeLog;
  readonly partition: Partition;
  readonly encoder: EventEncoder;
  readonly clock: Clock;
  readonly mint: VersionMint;
  readonly server: ServerId;
  readonly epoch: number;
  readonly certifier: Certifier;
  /** One past the last record that the store holds. */
  readonly durable: Offset;
  /** How long a client waits to hear what became of a commit that the log cannot tell about; then it gets 08007. */
  readonly commitTimeoutMs?: number;
  /** Bound on the clock's error now, microseconds; 0 where nobody tells. */
  readonly uncertaintyMicros?: () => number;
  /** Where other engines write the log, too: an append is acknowledged when it has been judged. Null or absent: nobody can refuse what this engine appends. */
  readonly shared?: SharedCommits | null;
}
