import { recordsOf } from '#log/record-source.js';
import { KnownSchemas } from '#projections/runner/known-schemas.js';
import { ProjectionRunner } from '#projections/runner/runner.js';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { stateDigest } from '../invariants/state-digest.js';
import { FIXED_IDS, ROW_SCHEMA, rowSchemaText } from './accounts.js';
import type { FoldedState } from './folded-state.js';
import { LogClient } from './log-client.js';
import type { Actor, Choice } from './scheduler.js';
import { SimulatedProjection } from './simulated-projection.js';
import type { World } from './world.js';

/** A process that follows the log with the runner that projections have, a partition at a time. */
interface FollowerRun {
  readonly client: LogClient;
  readonly runners: readonly ProjectionRunner[];
  readonly ending: AbortController;
}

/** Where a projection runs: it follows all partitions, each as fast as it may, is killed, started again from its disk, which may be damaged, and built anew from nothing. */
export class FollowerSite implements Actor {
  readonly name: string;
  readonly #world: World;
  readonly #projections: readonly SimulatedProjection[];
  #run: FollowerRun | null = null;
  #started = 0;
  #rebuilding = 0;

  constructor(world: World, name: string, empty: () => FoldedState) {
    this.#world = world;
    this.name = name;
    const placeFirst = world.bug === 'checkpoint apart from its data';
    this.#projections = Array.from({ length: world.log.partitions }, (_, partition) => {
      const written = (offset: Offset, state: FoldedState): void =>
        this.#written(partition as Partition, offset, state);
      return new SimulatedProjection(`${name}, partition ${partition}`, empty, placeFirst, written);
    });
  }

  #written(partition: Partition, offset: Offset, state: FoldedState): void {
    const { referee, bug } = this.#world;
    referee.applied(partition, this.name, offset, stateDigest(state.newest()));
    if (bug === 'watermark moves back' && offset % 5 === 0)
      referee.watermarks.moved(this.#watermark(partition), offset - 1, offset);
  }

  #watermark(partition: Partition): string {
    return `${this.name}, partition ${partition}`;
  }

  choices(): readonly Choice[] {
    const { closing, faults } = this.#world;
    const run = this.#run;
    if (run === null) return [{ name: `${this.name} is started`, weight: 2, run: () => this.start() }];
    const choices = [...run.client.choices(), ...this.#projections.flatMap((projection) => projection.choices())];
    if (closing || !faults) return choices;
    choices.push({ name: `${this.name} is killed`, weight: 0.1, run: () => this.#kill(run) });
    choices.push({ name: `${this.name} is killed and its disk damaged`, weight: 0.02, run: () => this.#damage(run) });
    choices.push({ name: `${this.name} is to be built anew`, weight: 0.03, run: () => void this.#rebuild(run) });
    return choices;
  }

  start(): void {
    const world = this.#world;
    const client = new LogClient(`${this.name}.${++this.#started}`, world.log, world.random.fork(), world.rates);
    const ending = new AbortController();
    const runners = this.#projections.map((projection, partition) => {
      const schemas = new KnownSchemas(null);
      schemas.remember(ROW_SCHEMA, rowSchemaText());
      const runner = new ProjectionRunner({
        projection,
        source: recordsOf(client),
        partition: partition as Partition,
        schemas,
        ids: FIXED_IDS,
        fetchSchemas: null,
        limits: world.limits,
        onRebuild: (reason) => {
          world.scheduler.note(`${projection.name} begins anew: ${reason}`);
          world.referee.watermarks.forget(projection.name);
        },
      });
      runner.run(ending.signal).catch((error: unknown) => {
        if (!ending.signal.aborted) world.scheduler.fail(error);
      });
      return runner;
    });
    this.#run = { client, runners, ending };
  }

  #kill({ client, ending }: FollowerRun): void {
    this.#run = null;
    this.#rebuilding = 0;
    client.kill();
    for (const projection of this.#projections) projection.lose();
    ending.abort();
  }

  #damage(run: FollowerRun): void {
    this.#kill(run);
    this.#world.random.pick(this.#projections).damage();
  }

  #rebuild({ runners }: FollowerRun): Promise<void> {
    this.#rebuilding++;
    return Promise.all(runners.map((runner) => runner.rebuild('it was asked for'))).then(() => {
      this.#rebuilding--;
    });
  }

  /** Everything is thrown away and made anew from the log. */
  async rebuild(): Promise<void> {
    if (this.#run !== null) await this.#rebuild(this.#run);
  }

  /** It has applied all there is. */
  get caughtUp(): boolean {
    const { log } = this.#world;
    if (this.#run === null || this.#rebuilding > 0) return false;
    return this.#run.runners.every(({ applied }, partition) => applied === log.end(partition as Partition));
  }

  /** Digest of each partition. */
  get digests(): readonly string[] {
    return this.#projections.map(({ state }) => stateDigest(state.newest()));
  }
}
