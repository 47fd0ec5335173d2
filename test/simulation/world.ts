import type { CertifierLimits } from '#log/transactions/certifier.js';
import type { Partition, ServerId } from '#schemas/kernel/brand.js';
import { insist } from '../invariants/violation.js';
import { startCertifiedEngine } from './certified-engine.js';
import { EngineSite } from './engine-site.js';
import { LatestState, VersionsState } from './folded-state.js';
import { FollowerSite } from './follower-site.js';
import type { NetworkRates } from './log-client.js';
import type { PlantedBug } from './planted-bugs.js';
import { Referee } from './referee.js';
import { type Actor, type Choice, Scheduler } from './scheduler.js';
import { SeededRandom } from './seeded-random.js';
import { SimulatedLog } from './simulated-log.js';
import { startSoleEngine } from './sole-engine.js';
import { VirtualTime } from './virtual-clock.js';

export interface Result {
  readonly seed: number;
  /** Of everything that has happened, in order. */
  readonly hash: string;
  readonly steps: number;
  /** Steps at which there was a choice. */
  readonly decisions: number;
  /** Records in the log. */
  readonly records: number;
  /** Commits that clients were told of. */
  readonly commits: number;
  readonly failure: Error | null;
  readonly trace: readonly string[];
  /** The log, a line a record. */
  readonly log: readonly string[];
}

export interface SimulationOptions {
  readonly seed: number;
  /** Before the world comes to rest. */
  readonly steps?: number;
  readonly bug?: PlantedBug | null;
}

const STEPS = 300;
/** That share a partition: a choice, so often. */
const ENGINES = [1, 1, 2, 3];
/** Windows so small that transactions fall out of them, and one as in life. */
const WINDOWS: readonly CertifierLimits[] = [
  { offsets: 1_000_000, keys: 500_000 },
  { offsets: 1_000_000, keys: 500_000 },
  { offsets: 7, keys: 1_000 },
  { offsets: 1_000, keys: 7 },
];
/** More than any world needs to come to rest. */
const CLOSING_STEPS_MAX = 20_000;

/** A whole cluster in one process: its log, its engines with their clients, its projections, and the one scheduler that decides what happens next. */
export class World {
  readonly random: SeededRandom;
  readonly scheduler: Scheduler;
  readonly time = new VirtualTime();
  readonly log: SimulatedLog;
  readonly referee: Referee;
  readonly rates: NetworkRates;
  readonly bug: PlantedBug | null;
  /** Of every certifier in this world. */
  readonly limits: CertifierLimits;
  /** Some seeds see nothing go wrong: what then is found has another cause. */
  readonly faults: boolean;
  /** No clients and no faults any more: the world comes to rest. */
  closing = false;
  readonly #engines: readonly EngineSite[];
  readonly #followers: readonly FollowerSite[];

  constructor({ seed, bug = null }: SimulationOptions) {
    this.random = new SeededRandom(seed);
    this.bug = bug;
    this.scheduler = new Scheduler(this.random.fork());
    const partitions = 1 + this.random.below(2);
    this.faults = this.random.chance(0.9);
    const broken = this.faults ? this.random.pick([0, 0.03, 0.15]) : 0;
    this.rates = {
      land: this.random.pick([2, 4, 8]),
      acknowledge: this.random.pick([2, 4, 8]),
      deliver: this.random.pick([0.5, 2, 6]),
      fail: broken,
      lose: broken,
      settle: 1,
    };
    this.limits = this.random.pick(WINDOWS);
    const leftOut = this.random.pick([0, 0, 0.1]);
    const offsets = this.random.fork();
    this.log = new SimulatedLog(partitions, () => offsets.chance(leftOut));
    this.referee = new Referee(partitions, this.limits);
    this.log.onRecord = (partition, record) => this.referee.record(partition, record);
    this.#engines = Array.from({ length: partitions }, (_, partition) =>
      this.#enginesOf(partition as Partition),
    ).flat();
    this.#followers = [
      new FollowerSite(this, 'versions', () => new VersionsState()),
      new FollowerSite(this, 'latest', () => new LatestState()),
    ];
  }

  /** One engine that has the partition for itself, or several that share it. */
  #enginesOf(partition: Partition): readonly EngineSite[] {
    const first = partition * 10 + 1;
    const count = this.random.pick(ENGINES);
    if (count === 1) return [new EngineSite(this, startSoleEngine, partition, first as ServerId)];
    return Array.from(
      { length: count },
      (_, i) => new EngineSite(this, startCertifiedEngine, partition, (first + i) as ServerId),
    );
  }

  async run(steps: number): Promise<void> {
    const actors: Actor[] = [...this.#engines, ...this.#followers, { choices: () => this.#passTime() }];
    for (let step = 0; step < steps; step++) await this.scheduler.step(actors);
    this.closing = true;
    this.scheduler.note('the world comes to rest');
    for (const engine of this.#engines) engine.heal();
    for (let step = 0; !this.#atRest; step++) {
      if (step > CLOSING_STEPS_MAX) throw new Error('the world does not come to rest');
      await this.scheduler.step(actors);
    }
    await this.#finish(actors);
    this.scheduler.insistOnDecisions();
  }

  #passTime(): readonly Choice[] {
    const ms = this.random.pick([1, 1, 5, 20, 100]);
    const due = this.time.nextDueMs;
    const choices: Choice[] = [{ name: `${ms} ms pass`, weight: 0.4, run: () => this.time.advance(ms) }];
    if (due === null) return choices;
    const run = (): void => this.time.advance(Math.max(due - this.time.nowMs, 0));
    return [...choices, { name: 'time passes until something is due', weight: 0.1, run }];
  }

  get #atRest(): boolean {
    const engines = this.#engines.every(
      ({ alive }) => alive.length > 0 && alive.every((run) => run.ready && !run.busy),
    );
    return engines && this.#followers.every(({ caughtUp }) => caughtUp);
  }

  /** Everybody holds what the log says (I3), and what is built anew is the same (I7). */
  async #finish(actors: readonly Actor[]): Promise<void> {
    const { referee } = this;
    for (const { alive } of this.#engines) for (const run of alive) await run.digest();
    const live = this.#followers.map(({ digests }) => digests);
    for (const follower of this.#followers) follower.rebuild().catch((error: unknown) => this.scheduler.fail(error));
    for (let step = 0; !this.#followers.every(({ caughtUp }) => caughtUp); step++) {
      if (step > CLOSING_STEPS_MAX) throw new Error('the projections do not catch up');
      await this.scheduler.step(actors);
    }
    this.#followers.forEach(({ digests, name }, i) => {
      const before = live[i] ?? [];
      insist(
        `${digests}` === `${before}`,
        'I7',
        () => `${name} comes to ${digests} when it is built anew, and was at ${before}`,
      );
    });
    referee.check();
  }
}

/** Plays one seed. The same options give the same result, trace and all. */
export async function simulate(options: SimulationOptions): Promise<Result> {
  const world = new World(options);
  let failure: Error | null = null;
  try {
    await world.run(options.steps ?? STEPS);
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  const { scheduler, log, referee } = world;
  let records = 0;
  for (let partition = 0; partition < log.partitions; partition++) records += log.count(partition as Partition);
  return {
    seed: options.seed,
    hash: scheduler.hash,
    steps: scheduler.trace.length,
    decisions: scheduler.decisions,
    records,
    commits: referee.commits,
    failure,
    trace: scheduler.trace,
    log: referee.lines,
  };
}
