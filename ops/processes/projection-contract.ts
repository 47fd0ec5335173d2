import type { Configuration } from '../config/configuration.js';

/** Projections that a node can run. */
export const PROJECTIONS = ['ingestion', 'olap'] as const;
export type ProjectionName = (typeof PROJECTIONS)[number];

export function isProjection(name: string): name is ProjectionName {
  return PROJECTIONS.some((each) => each === name);
}

/** What the supervisor sends to a projection's process first. */
export interface ProjectionProcessConfig {
  readonly configuration: Configuration;
  readonly name: ProjectionName;
  readonly socketPath: string;
  /** Why its data is not to be trusted, though it may look well; null when it is. */
  readonly mistrust: string | null;
}

/** A projection of a running node, as operators see it. */
export interface ProjectionFigures {
  readonly name: string;
  /** Everything below this offset is applied. */
  readonly applied: number;
  /** Events applied since the process began. */
  readonly events: number;
  /** Of a rebuild that is under way, or the last that was. */
  readonly rebuild: RebuildFigures | null;
  readonly memory: { readonly rss: number };
}

/** A projection that has refused to go on. */
export interface StoppedProjection {
  readonly name: string;
  /** In its own words. */
  readonly stopped: string;
}

export type ProjectionStatus = ProjectionFigures | StoppedProjection;

export interface RebuildFigures {
  readonly done: boolean;
  readonly events: number;
  readonly ms: number;
}

/** A column as it crosses between processes: values in their text form. */
export interface DigestColumnText {
  readonly slot: number;
  /** SqlType as JSON. */
  readonly type: unknown;
  readonly missing: string | null;
}

/** A table whose rows are to be digested. */
export interface DigestRequest {
  readonly table: number;
  /** schema.name, in a database of its own: database.schema.name. For people. */
  readonly name: string;
  readonly columns: readonly DigestColumnText[];
}

/** What a tier says of its tables as of an offset. */
export interface TierDigests {
  readonly tier: string;
  readonly offset: number;
  readonly tables: ReadonlyArray<{ readonly table: number; readonly rows: number; readonly digest: string }>;
}
