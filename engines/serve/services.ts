import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Clock, Random } from '#schemas/kernel/ports.js';
import type { LinkPeer } from '#schemas/link/frames.js';
import type { CatalogHolder } from '../catalog/ddl-contract.js';
import type { RowReader } from '../rows/reading.js';
import type { PasswordCache } from '../security/caching-sha2.js';
import type { TransactionSystem } from '../tx/transaction.js';
import type { AnalyticsClient } from './analytics-client.js';
import type { HistoryClient } from './history-client.js';

/** What every session of an engine uses. */
export interface EngineServices {
  readonly clock: Clock;
  readonly random: Random;
  /** What caching_sha2_password remembers. */
  readonly passwords: PasswordCache;
  readonly transactions: TransactionSystem;
  readonly catalog: CatalogHolder;
  readonly rows: RowReader;
  /** The ingestion tier; null where the node has none. */
  readonly history: HistoryClient | null;
  /** The OLAP tier; null where the node has none. */
  readonly analytics: AnalyticsClient | null;
  /** More lives in memory than the engine can bear for long. */
  readonly isMemoryShort: () => boolean;
  /** Gives other work its turn. */
  readonly nextTurn: () => Promise<void>;
  /** Resolves when a slow gateway has caught up. */
  drained(peer: LinkPeer): Promise<void>;
  /** How many sessions of a user are open. */
  sessionsOf(user: ObjectId): number;
  /** An internal error was answered: log it. */
  reportBug(error: Error): void;
}
