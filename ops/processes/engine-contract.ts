import type { EngineStatistics, ProjectionSockets } from '#engines/serve/engine.js';
import type { ClusterClockStatus } from '#log/clock/cluster-clock.js';
import type { Configuration } from '../config/configuration.js';
import type { LatencySnapshot } from './latency.js';

/** Exit code of a start that makes no sense to repeat: the log is damaged, or belongs to another process. */
export const REFUSED = 78;

/** What the supervisor sends to the engine's process first. */
export interface EngineProcessConfig {
  readonly configuration: Configuration;
  readonly socketPath: string;
  /** The first superuser, made in a fresh cluster with the first of the passwords. */
  readonly user: string;
  readonly database: string;
  readonly passwords: readonly string[];
  readonly holder: string;
  readonly projectionSockets: ProjectionSockets;
}

/** The engine's answer once it serves. */
export interface EngineReady {
  readonly kind: 'ready';
  /** Where its own gateway listens; null when that has a process of its own. */
  readonly port: number | null;
  /** Which of the passwords is the first superuser's now; -1 when none is. */
  readonly password: number;
}

/** What a gateway knows of itself. */
export interface GatewayFigures {
  readonly connections: number;
  readonly statementCacheHits: number;
  readonly statementCacheMisses: number;
}

/** What metrics are made of. */
export interface EngineFigures extends EngineStatistics {
  readonly commitLatency: LatencySnapshot;
  readonly appendLatency: LatencySnapshot;
  readonly gateway: GatewayFigures | null;
  readonly memory: { readonly rss: number; readonly heapUsed: number };
  /** Null where the engine goes by its machine's clock. */
  readonly clusterClock: ClusterClockStatus | null;
}
