import { setTimeout as sleep } from 'node:timers/promises';
import type { Configuration } from '../config/configuration.js';
import type { ProjectionControl } from '../http/projection-routes.js';
import { CallError } from './calls.js';
import { type Child, startChild } from './child.js';
import type { ProjectionFigures, TierDigests } from './projection-contract.js';
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
}

/** A node's projections, asked and told through its supervisor. */
export class NodeProjections implements ProjectionControl {
  readonly #options: NodeProjectionsOptions;

  constructor(options: NodeProjectionsOptions) {
    this.#options = options;
  }

  async list(): Promise<readonly ProjectionFigures[]> {
    const { configuration, child } = this.#options;
    const running = configuration.projections.map(child).filter((each) => each !== undefined);
    return Promise.all(running.map(figuresOf));
  }

  async rebuild(name: string): Promise<ProjectionFigures> {
    const { configuration, child } = this.#options;
    const projection = configuration.projections.some((each) => each === name) ? child(name) : undefined;
    if (projection === undefined) throw new CallError(`projection ${name} does not run on this node`, 404, null);
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
      if (process === undefined) return Promise.reject(new CallError(`${name} does not run`, 503, null));
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
