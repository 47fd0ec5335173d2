import { setTimeout as sleep } from 'node:timers/promises';
import type { Configuration } from '../config/configuration.js';
import type { ProjectionControl } from '../http/projection-routes.js';
import { CallError } from './calls.js';
import { type Child, startChild } from './child.js';
import type { ProjectionFigures, ProjectionStatus, TierDigests } from './projection-contract.js';
import type { ReplayConfig, Replayed } from './replay.js';
import { type EngineDigests, type Verification, verify } from './verification.js';

const POLL_MS = 100;
/** Digests of all tables of a large node. */
const DIGEST_MS = 3_600_000;
const REPLAY_FLAGS: readonly string[] = ['--max-old-space-size=8192'];

export interface NodeProjectionsOptions {
  readonly configuration: Configuration;
  /** A running process of the node. */
  child(name: string): Child | undefined;
  /** Why it has refused to go on; null where it has not. */
  stopped(name: string): string | null;
}

/** A node's projections, asked and told through its supervisor. */
export class NodeProjections implements ProjectionControl {
  readonly #options: NodeProjectionsOptions;

  constructor(options: NodeProjectionsOptions) {
    this.#options = options;
  }

  async list(): Promise<readonly ProjectionStatus[]> {
    const { configuration, child, stopped } = this.#options;
    const all = await Promise.all(
      configuration.projections.map(async (name): Promise<ProjectionStatus | null> => {
        const reason = stopped(name);
        if (reason !== null) return { name, stopped: reason };
        const running = child(name);
        return running === undefined ? null : figuresOf(running);
      }),
    );
    return all.filter((each) => each !== null);
  }

  /** Its own words, where it has left any. */
  #away(name: string, otherwise: string, code: number): CallError {
    return new CallError(this.#options.stopped(name) ?? otherwise, code, null);
  }

  async rebuild(name: string): Promise<ProjectionFigures> {
    const { configuration, child } = this.#options;
    const projection = configuration.projections.some((each) => each === name) ? child(name) : undefined;
    if (projection === undefined) throw this.#away(name, `projection ${name} does not run on this node`, 404);
    await projection.call('rebuild');
    for (;;) {
      const figures = await figuresOf(projection);
      if (figures.rebuild?.done === true) return figures;
      await sleep(POLL_MS);
    }
  }

  verify(): Promise<Verification> {
    const { configuration, child } = this.#options;
    const ask = (name: string, ...args: readonly unknown[]): Promise<unknown> => {
      const process = child(name);
      if (process === undefined) return Promise.reject(this.#away(name, `${name} does not run`, 503));
      return process.callFor(DIGEST_MS, 'digests', ...args);
    };
    return verify({
      engine: async () => (await ask('engine')) as EngineDigests,
      others: [
        ...configuration.projections.map(
          (name) =>
            async (...request: readonly unknown[]) =>
              (await ask(name, ...request)) as TierDigests,
        ),
        (offset, tables) => replayed({ configuration, offset, tables }),
      ],
    });
  }
}

async function figuresOf(child: Child): Promise<ProjectionFigures> {
  return (await child.call('figures')) as ProjectionFigures;
}

/** Folds the log in a process of its own: the memory that it takes goes with it. */
function replayed(message: ReplayConfig): Promise<TierDigests> {
  return startChild<Replayed>({
    name: 'replay',
    module: '../processes/replay.js',
    args: [],
    message,
    nodeFlags: REPLAY_FLAGS,
    onEnd: () => undefined,
    onLink: () => undefined,
  }).ready;
}
