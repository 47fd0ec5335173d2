import type { Configuration } from '../config/configuration.js';

/** Exit code of a start that makes no sense to repeat: the log is damaged, or belongs to another process. */
export const REFUSED = 78;

/** What the supervisor gives the engine's process in its first argument. */
export interface EngineProcessConfig {
  readonly configuration: Configuration;
  readonly socketPath: string;
  readonly user: string;
  readonly holder: string;
}
