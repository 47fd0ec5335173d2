import type { Logger } from 'pino';
import type { Projection } from '#projections/runner/projection.js';
import type { DigestColumn, TableDigest } from '#schemas/events/table-digest.js';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import type { LinkServer } from '#schemas/link/socket-transport.js';
import type { Configuration } from '../config/configuration.js';

/** What a projection's server asks of its runner. */
export interface AppliedLog {
  readonly applied: Offset;
  waitFor(offset: Offset, signal: AbortSignal): Promise<void>;
  /** Throws the data away and folds the log again. */
  rebuild(reason: string): Promise<void>;
}

/** A projection with what makes it useful to others. */
export interface ServedProjection {
  readonly projection: Projection;
  digest(table: ObjectId, columns: readonly DigestColumn[], snapshot: Offset): Promise<TableDigest>;
  /** Listens for engines. */
  serve(socketPath: string, log: AppliedLog): Promise<LinkServer>;
  /** Whatever it does besides, until `stop`. */
  tend(configuration: Configuration, stop: AbortSignal, logger: Logger): void;
}
