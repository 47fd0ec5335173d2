import type { CompatibilityLevel } from '../events/compatibility.js';

/** One registered version of a subject. */
export interface RegisteredSchema {
  readonly subject: string;
  /** 1, 2, 3 … in its subject. */
  readonly version: number;
  /** Global: the same schema text has one id in every subject. */
  readonly id: number;
  readonly schema: string;
  /** Soft-deleted versions are no longer listed, but their id still answers, because events carry it. */
  readonly deleted: boolean;
}

/** What Polylog needs of a schema registry, built in or foreign. */
export interface SchemaRegistry {
  /** The id of `schema` in `subject`, registering it if it is new. Throws RegistryError (409) when it is incompatible. */
  register(subject: string, schema: string): Promise<number>;
  /** The schema's text; null when the id is unknown. */
  schemaById(id: number): Promise<string | null>;
  /** The texts of a subject's versions, oldest first; empty when there is no such subject. */
  schemasOf(subject: string): Promise<readonly string[]>;
}

/** An error as the registry's REST API tells it: HTTP status and a five-digit code that begins with it. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly status: number;
  readonly code: number;
  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** BACKWARD_TRANSITIVE, because old events stay in the log for good and today's schema must read them all. */
export const DEFAULT_COMPATIBILITY: CompatibilityLevel = 'BACKWARD_TRANSITIVE';
