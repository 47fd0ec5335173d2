import type { Clock } from '#schemas/kernel/ports.js';
import type { TimeSource } from './beat.js';
import { ClockMaster, type MasterEvent, type SourceReading } from './clock-master.js';
import { ClusterClock, type ClusterClockEvent } from './cluster-clock.js';
import { TestMachine, TestNetwork, TestTime } from './machines.fixture.js';

interface Master {
  readonly master: ClockMaster;
  readonly machine: TestMachine;
  readonly events: MasterEvent[];
}

class Cluster {
  readonly time = new TestTime();
  readonly network = new TestNetwork(this.time);
  readonly names = ['primary', 'backup', 'second backup'];

  master(id: number, source: TimeSource = 'chrony', epoch = 0, offMicros = 0): Master {
    const machine = new TestMachine(this.time, offMicros);
    const events: MasterEvent[] = [];
    const reading = (): SourceReading => ({ source, stratum: 2, uncertaintyNs: null });
    const group = this.network.join(this.names[id] as string);
    const master = new ClockMaster({
      id,
      clock: machine,
      group,
      source: reading,
      epoch,
      onEvent: (event) => void events.push(event),
    });
    master.start();
    return { master, machine, events };
  }

  client(machine: Clock): { clock: ClusterClock; events: ClusterClockEvent[] } {
    const events: ClusterClockEvent[] = [];
    const group = this.network.join('client');
    const clock = new ClusterClock({ clock: machine, group, onEvent: (event) => void events.push(event) });
    return { clock, events };
  }

  /** How far a clock is off from true time, in microseconds. */
  errorOf(clock: Clock): number {
    return Math.abs(Number(clock.nowMicros()) - this.time.micros);
  }
}

/** Numbers from 0 to 1 that are the same in every run. */
function numbers(): () => number {
  let state = 42;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 0x1_0000_0000;
  };
}

describe('the time of a cluster', () => {
  it('is told by the primary, twenty times a second, in an epoch higher than any before', () => {
    const cluster = new Cluster();
    const { master } = cluster.master(0, 'chrony', 7);
    const backup = cluster.master(1, 'chrony', 7);
    cluster.time.pass(10_000);
    expect(master.status).toMatchObject({ leading: true, epoch: 8, failovers: 0 });
    expect(master.status.sent).toBeGreaterThan(185);
    expect(master.status.sent).toBeLessThanOrEqual(200);
    expect(backup.master.status).toMatchObject({ leading: false, epoch: 8, sent: 0 });
  });

  it('reaches a machine whose clock is off and drifts, within the uncertainty that it tells', () => {
    const cluster = new Cluster();
    const random = numbers();
    cluster.network.route = () => [0.05 + random() * 2];
    cluster.master(0, 'gps');
    const { clock, events } = cluster.client(new TestMachine(cluster.time, -3_000_000, 20_000));
    expect(clock.uncertaintyMicros()).toBe(1_000_000);
    for (let i = 0; i < 600; i++) {
      cluster.time.pass(100);
      if (i > 20) expect(cluster.errorOf(clock)).toBeLessThanOrEqual(clock.uncertaintyMicros());
    }
    expect(events).toEqual([{ kind: 'synchronised', epoch: 1, master: 0 }]);
    expect(clock.uncertaintyMicros()).toBeLessThan(5_000);
    expect(clock.status.offsetMicros).toBeGreaterThan(2_990_000);
    // Twenty parts in a million, measured through a network that scatters a hundred times as much in a beat.
    expect(Math.abs(clock.status.driftPpb)).toBeLessThan(100_000);
  });

  it('goes on within half a second when the primary falls silent, and clients hear of the new epoch', () => {
    const cluster = new Cluster();
    const primary = cluster.master(0);
    const backup = cluster.master(1);
    const { clock, events } = cluster.client(new TestMachine(cluster.time, 500_000));
    cluster.time.pass(3_000);
    primary.master.stop();
    const silentFrom = cluster.time.nowMs;
    while (clock.status.epoch === 1) {
      cluster.time.pass(5);
      if (cluster.time.nowMs - silentFrom > 1_000) break;
    }
    expect(cluster.time.nowMs - silentFrom).toBeLessThan(500);
    expect(backup.master.status).toMatchObject({ leading: true, epoch: 2, failovers: 1 });
    cluster.time.pass(1_000);
    expect(events.at(-1)).toEqual({ kind: 'epoch changed', epoch: 2, master: 1, failover: true });
    expect(cluster.errorOf(clock)).toBeLessThan(clock.uncertaintyMicros());
  });

  it('is left to a backup that has taken over when the primary comes back', () => {
    const cluster = new Cluster();
    const primary = cluster.master(0);
    const backup = cluster.master(1);
    cluster.time.pass(1_000);
    primary.master.stop();
    cluster.time.pass(2_000);
    const again = cluster.master(0, 'chrony', primary.master.status.epoch);
    cluster.time.pass(2_000);
    expect(backup.master.status.leading).toBe(true);
    expect(again.master.status).toMatchObject({ leading: false, epoch: 2 });
  });

  it('has one master again when two did not hear each other', () => {
    const cluster = new Cluster();
    const primary = cluster.master(0);
    const backup = cluster.master(1);
    const { clock } = cluster.client(new TestMachine(cluster.time));
    cluster.time.pass(1_000);
    cluster.network.route = (from, to) => (from !== to && from !== 'client' && to !== 'client' ? [] : [0.1]);
    cluster.time.pass(2_000);
    expect([primary.master.status.leading, backup.master.status.leading]).toEqual([true, true]);
    // Clients hear both, and go by the higher epoch.
    expect(clock.status).toMatchObject({ epoch: 2, master: 1 });
    cluster.network.route = () => [0.1];
    cluster.time.pass(1_000);
    expect([primary.master.status.leading, backup.master.status.leading]).toEqual([false, true]);
  });

  it('is taken over by one of two backups, each of which waits a little longer than the one before', () => {
    const cluster = new Cluster();
    const primary = cluster.master(0);
    const backups = [cluster.master(1), cluster.master(2)];
    cluster.time.pass(2_000);
    primary.master.stop();
    cluster.time.pass(2_000);
    expect(backups.map(({ master }) => master.status.leading)).toEqual([true, false]);
    expect(backups.map(({ master }) => master.status.epoch)).toEqual([2, 2]);
  });

  it("is the machine's own time with a second of uncertainty when no beat comes for five seconds", () => {
    const cluster = new Cluster();
    const primary = cluster.master(0, 'gps');
    const { clock, events } = cluster.client(new TestMachine(cluster.time, 200_000));
    cluster.time.pass(2_000);
    expect(clock.status.synchronised).toBe(true);
    const before = clock.uncertaintyMicros();
    primary.master.stop();
    cluster.time.pass(4_000);
    expect(clock.uncertaintyMicros()).toBeGreaterThan(before);
    cluster.time.pass(2_000);
    expect(clock.uncertaintyMicros()).toBe(1_000_000);
    expect(cluster.errorOf(clock)).toBe(200_000);
    expect(events.at(-1)).toMatchObject({ kind: 'lost' });
    cluster.master(1, 'gps', 1);
    cluster.time.pass(2_000);
    expect(clock.status).toMatchObject({ synchronised: true, epoch: 2 });
    expect(cluster.errorOf(clock)).toBeLessThan(1_000);
  });

  it('counts beats that did not come, and takes none twice, late or from garbage', () => {
    const cluster = new Cluster();
    const random = numbers();
    cluster.network.route = () => (random() < 0.2 ? [] : [random() * 120, random() * 120]);
    const { master } = cluster.master(0);
    const { clock } = cluster.client(new TestMachine(cluster.time));
    const stranger = cluster.network.join('stranger');
    for (let i = 0; i < 100; i++) {
      stranger.send(Buffer.from(`PLHB and nonsense ${i}`.padEnd(68, '.')));
      cluster.time.pass(100);
    }
    const { beats, missed } = clock.status;
    expect(missed).toBeGreaterThan(10);
    expect(beats + missed).toBeLessThanOrEqual(master.status.sent);
    expect(beats + missed).toBeGreaterThanOrEqual(master.status.sent - 10);
  });

  it('tells clients to begin anew when the clock of the master was set', () => {
    const cluster = new Cluster();
    const { machine, events } = cluster.master(0, 'gps');
    const { clock } = cluster.client(new TestMachine(cluster.time));
    cluster.time.pass(2_000);
    machine.offMicros = 40_000;
    cluster.time.pass(300);
    expect(events.at(-1)).toEqual({ kind: 'clock was set', byNs: expect.closeTo(40_000_000, -6) });
    expect(Math.abs(Number(clock.nowMicros()) - Number(machine.nowMicros()))).toBeLessThan(1_000);
  });

  it('says so when two masters have one id', () => {
    const cluster = new Cluster();
    const first = cluster.master(0);
    cluster.network.route = (from, to) => (from === to ? [0.1] : []);
    const second = cluster.master(0, 'chrony', 0, 1_000);
    cluster.time.pass(2_000);
    cluster.network.route = () => [0.1];
    cluster.time.pass(1_000);
    expect([...first.events, ...second.events]).toContainEqual({ kind: 'same id', master: 0 });
  });
});
