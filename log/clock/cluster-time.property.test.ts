import fc from 'fast-check';
import { ClockMaster } from './clock-master.js';
import { ClusterClock } from './cluster-clock.js';
import { TestMachine, TestNetwork, TestTime } from './machines.fixture.js';

const MASTERS = 3;
const NAMES = ['m0', 'm1', 'm2', 'c0', 'c1'];
/** What sources of this kind are off by, at most. */
const SOURCE_MICROS = 2_000;
const DELAY_MS = 2;

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 1_500 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const), who: fc.subarray(NAMES) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), share: fc.integer({ min: 0, max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const), master: fc.nat(MASTERS - 1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('start' as const), master: fc.nat(MASTERS - 1) }) },
);

/** Three masters, of which some run, and two clients, on a network that is cut in two and loses beats. */
class World {
  readonly time = new TestTime();
  readonly network = new TestNetwork(this.time);
  readonly masters: Array<ClockMaster | null> = [null, null, null];
  /** On each master's disk. */
  readonly epochs = [0, 0, 0];
  readonly machines: readonly TestMachine[];
  readonly clients: ReadonlyArray<{ readonly clock: ClusterClock; readonly machine: TestMachine }>;
  #cut: readonly string[] = [];
  #lost = 0;
  #chance: () => number;

  constructor(seed: number) {
    let state = seed;
    this.#chance = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state / 0x1_0000_0000;
    };
    this.machines = Array.from(
      { length: MASTERS },
      () => new TestMachine(this.time, (this.#chance() * 2 - 1) * SOURCE_MICROS),
    );
    this.network.route = (from, to) => {
      if (this.#cut.includes(from) !== this.#cut.includes(to) || this.#chance() * 100 < this.#lost) return [];
      return [0.05 + this.#chance() * DELAY_MS];
    };
    this.clients = [0, 1].map((i) => {
      const machine = new TestMachine(
        this.time,
        (this.#chance() * 2 - 1) * 10_000_000,
        (this.#chance() - 0.5) * 40_000,
      );
      const clock = new ClusterClock({ clock: machine, group: this.network.join(`c${i}`), onEvent: () => undefined });
      return { clock, machine };
    });
  }

  start(id: number): void {
    if (this.masters[id] !== null) return;
    const master = new ClockMaster({
      id,
      clock: this.machines[id] as TestMachine,
      group: this.network.join(`m${id}`),
      source: () => ({ source: 'gcp', stratum: 2, uncertaintyNs: SOURCE_MICROS * 1_000 }),
      epoch: this.epochs[id] as number,
      onEvent: (event) => {
        if ('epoch' in event) this.epochs[id] = event.epoch;
      },
    });
    this.masters[id] = master;
    master.start();
  }

  stop(id: number): void {
    this.masters[id]?.stop();
    this.masters[id] = null;
  }

  cut(who: readonly string[]): void {
    this.#cut = who;
  }

  lose(share: number): void {
    this.#lost = share;
  }

  get leaders(): number {
    return this.masters.filter((master) => master?.status.leading).length;
  }
}

/** Time passes, and meanwhile no client is wrong by more than it says. */
function pass(world: World, ms: number, epochs: number[]): void {
  for (let left = ms; left > 0; left -= 100) {
    world.time.pass(Math.min(left, 100));
    world.clients.forEach(({ clock }, i) => {
      const { synchronised, epoch, beats } = clock.status;
      if (!synchronised) {
        epochs[i] = 0;
        return;
      }
      // While it hears somebody, it never goes back to one who led before.
      expect(epoch).toBeGreaterThanOrEqual(epochs[i] as number);
      epochs[i] = epoch;
      const offMicros = Math.abs(Number(clock.nowMicros()) - world.time.micros);
      if (beats > 0) expect(offMicros).toBeLessThanOrEqual(clock.uncertaintyMicros());
    });
  }
}

describe('the time of a cluster, whatever its network does', () => {
  it('is told by one master when all is well again, and never wrong by more than it says', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.nat(), (steps, seed) => {
        const world = new World(seed);
        const epochs = [0, 0];
        for (const one of steps) {
          if (one.kind === 'pass') pass(world, one.ms, epochs);
          else if (one.kind === 'cut') world.cut(one.who);
          else if (one.kind === 'lose') world.lose(one.share);
          else if (one.kind === 'stop') world.stop(one.master);
          else world.start(one.master);
        }
        world.cut([]);
        world.lose(0);
        world.start(1);
        pass(world, 3_000, epochs);
        expect(world.leaders).toBe(1);
        const led = Math.max(...world.epochs);
        for (const { clock } of world.clients) expect(clock.status).toMatchObject({ synchronised: true, epoch: led });
      }),
      { numRuns: 200 },
    );
  });
});
