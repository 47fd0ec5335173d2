import { LogUnavailable, OutcomeUnknown } from '#log/change-log.js';
import { Overtaken } from '#log/servers/sole-writer-log.js';
import type { Partition, ServerId } from '#schemas/kernel/brand.js';
import { Gate } from './gate.js';
import { LogClient } from './log-client.js';
import type { RunningEngine, StartEngine } from './running-engine.js';
import type { Actor, Choice } from './scheduler.js';
import { SimulatedDisk } from './simulated-disk.js';
import { MachineClock } from './virtual-clock.js';
import type { World } from './world.js';

const SESSIONS_MAX = 4;
/** Of a machine's clock, either way. */
const CLOCK_OFF_MS = 200;

/** One process of an engine, from its start to its end, with its connections and its clients. */
class EngineRun implements Actor {
  readonly name: string;
  readonly client: LogClient;
  readonly #site: EngineSite;
  readonly #gate = new Gate();
  readonly #clock: MachineClock;
  readonly #disk: SimulatedDisk;
  #flushing = false;
  #engine: RunningEngine | null = null;
  #sessions = 0;
  #begun = 0;
  ended = false;
  stopped = false;

  constructor(name: string, site: EngineSite, disk: SimulatedDisk) {
    const { world } = site;
    this.name = name;
    this.#site = site;
    this.#disk = disk;
    this.client = new LogClient(name, world.log, world.random.fork(), world.rates);
    this.client.acknowledgesEarly = world.bug === 'acknowledged before durable';
    this.#clock = new MachineClock(world.time, world.random.below(2 * CLOCK_OFF_MS) - CLOCK_OFF_MS);
  }

  start(): void {
    const { world, partition, server, startEngine } = this.#site;
    const { limits, bug, scheduler } = world;
    const end = (why: string): void => this.end(why);
    const fail = (error: unknown): void => {
      if (!this.ended) scheduler.fail(error);
    };
    const random = world.random.fork();
    const own = { name: this.name, client: this.client, clock: this.#clock, disk: this.#disk };
    startEngine({ ...own, partition, server, random, limits, bug, fail, end }).then(
      (engine) => {
        this.#engine = engine;
      },
      (error: unknown) => {
        const expected =
          error instanceof LogUnavailable || error instanceof OutcomeUnknown || error instanceof Overtaken;
        if (expected) this.end(error.message);
        else fail(error);
      },
    );
  }

  /** The process is gone, and nobody is told. */
  end(why: string): void {
    if (this.ended) return;
    this.ended = true;
    this.#site.world.scheduler.note(`${this.name} ends: ${why}`);
    this.#gate.shut = true;
    this.client.kill();
    this.#clock.forgetTimers();
    this.#disk.crash();
  }

  /** As a debugger or a sleeping machine does it: what was sent goes on. */
  stop(stopped: boolean): void {
    this.stopped = stopped;
    this.#gate.shut = stopped;
    this.client.deaf = stopped;
  }

  choices(): readonly Choice[] {
    const choices: Choice[] = [...this.client.choices()];
    if (this.ended) return choices;
    choices.push(...this.#gate.choices(), ...this.#disk.choices());
    const { world } = this.#site;
    const engine = this.#engine;
    if (engine !== null && !this.stopped && !world.closing && this.#sessions < SESSIONS_MAX)
      choices.push({ name: `${this.name}: a client begins`, weight: 1.2, run: () => this.#begin(engine) });
    if (engine?.flush != null && !this.#flushing && !world.closing)
      choices.push({ name: `${this.name} takes its rows to disk`, weight: 0.8, run: () => this.#flush(engine) });
    if (!world.closing && world.faults) {
      choices.push({ name: `${this.name} is killed`, weight: 0.1, run: () => this.end('killed') });
      choices.push({
        name: `${this.name} ${this.stopped ? 'goes on' : 'stops'}`,
        weight: this.stopped ? 0.4 : 0.08,
        run: () => this.stop(!this.stopped),
      });
      choices.push({
        name: `${this.name}: the clock is set`,
        weight: 0.05,
        run: () => {
          this.#clock.offMs = world.random.below(2 * CLOCK_OFF_MS) - CLOCK_OFF_MS;
        },
      });
    }
    return choices;
  }

  #begin(engine: RunningEngine): void {
    const { world, partition } = this.#site;
    this.#sessions++;
    const name = `${this.name}, client ${++this.#begun}`;
    engine
      .serve({
        name,
        note: (what) => world.scheduler.note(`${name} ${what}`),
        holder: this.name,
        partition,
        gate: this.#gate,
        random: world.random.fork(),
        referee: world.referee,
        ended: () => this.ended,
      })
      .catch((error: unknown) => {
        if (!this.ended && !(error instanceof Overtaken)) world.scheduler.fail(error);
      })
      .finally(() => {
        this.#sessions--;
      });
  }

  #flush(engine: RunningEngine): void {
    this.#flushing = true;
    engine.flush?.().then(
      () => {
        this.#flushing = false;
      },
      (error: unknown) => {
        if (!this.ended) this.#site.world.scheduler.fail(error);
      },
    );
  }

  get busy(): boolean {
    return this.#sessions > 0 || this.#flushing || !this.client.idle;
  }

  get ready(): boolean {
    return this.#engine !== null;
  }

  /** What the store holds, when nobody is at work. */
  async digest(): Promise<void> {
    const { world, partition } = this.#site;
    if (this.#engine === null || this.ended) return;
    world.referee.applied(partition, this.name, this.#engine.reached, await this.#engine.digest());
  }
}

/** Where engines of one server id run: one at a time, but for the while in which nobody has noticed that another was started. */
export class EngineSite implements Actor {
  readonly world: World;
  readonly partition: Partition;
  readonly server: ServerId;
  readonly #runs: EngineRun[] = [];
  readonly startEngine: StartEngine;
  /** One for each machine: two processes may run at once, for a while. */
  readonly #disks: readonly SimulatedDisk[];
  #started = 0;

  constructor(world: World, startEngine: StartEngine, partition: Partition, server: ServerId) {
    this.world = world;
    this.startEngine = startEngine;
    const syncsNothing = world.bug === 'rows not synced before their checkpoint';
    this.#disks = [new SimulatedDisk(world.random.fork()), new SimulatedDisk(world.random.fork())];
    for (const disk of this.#disks) disk.syncsNothing = syncsNothing;
    this.partition = partition;
    this.server = server;
  }

  get alive(): readonly EngineRun[] {
    return this.#runs.filter(({ ended }) => !ended);
  }

  choices(): readonly Choice[] {
    const choices = this.#runs.flatMap((run) => run.choices());
    const { alive } = this;
    const wanted = alive.length === 0 ? 3 : alive.length === 1 && this.world.faults && !this.world.closing ? 0.08 : 0;
    if (wanted > 0 && (!this.world.closing || alive.length === 0))
      choices.push({ name: `an engine of server ${this.server} is started`, weight: wanted, run: () => this.start() });
    return choices;
  }

  start(): void {
    const disk = this.#disks.find(({ inUse }) => !inUse);
    if (disk === undefined) throw new Error('more processes than machines');
    disk.inUse = true;
    const run = new EngineRun(`engine ${this.server}.${++this.#started}`, this, disk);
    this.#runs.push(run);
    run.start();
  }

  /** Everybody who is alive may go on from here. */
  heal(): void {
    for (const run of this.alive) if (run.stopped) run.stop(false);
  }
}
