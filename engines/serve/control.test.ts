import type { Clock } from '#schemas/kernel/ports.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { StatementControl } from './control.js';

/** Timers that run when the test says so. */
class ManualClock implements Clock {
  readonly timers: Array<{ ms: number; run: () => void }> = [];

  nowMicros(): bigint {
    return 0n;
  }

  ms = 0;

  monotonicMs(): number {
    return this.ms;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { ms, run };
    this.timers.push(timer);
    return () => {
      this.timers.splice(this.timers.indexOf(timer), 1);
    };
  }
}

describe('pg_sleep in a statement', () => {
  it('takes as long as all calls together', async () => {
    const clock = new ManualClock();
    const control = new StatementControl(clock);
    control.sleepMs += 200;
    control.sleepMs += 300;
    const slept = control.sleep();
    expect(clock.timers.map(({ ms }) => ms)).toEqual([500]);
    expect(control.sleepMs).toBe(0);
    clock.timers[0]?.run();
    await slept;
  });

  it('ends with a cancel and leaves no timer', async () => {
    const clock = new ManualClock();
    const control = new StatementControl(clock);
    control.sleepMs = Number.POSITIVE_INFINITY;
    const slept = control.sleep();
    expect(clock.timers[0]?.ms).toBeLessThan(2 ** 31);
    control.interrupt(new SqlError('query_canceled', 'enough'));
    await expect(slept).rejects.toThrow('enough');
    expect(clock.timers).toEqual([]);
  });

  it('is not slept on by the statement behind one that failed', () => {
    const control = new StatementControl(new ManualClock());
    control.sleepMs = 1_000;
    control.begin(0);
    expect(control.sleepMs).toBe(0);
  });
});

describe('statement_timeout', () => {
  it('goes on where a statement does whose client reads in pieces, and begins anew with the next', () => {
    const clock = new ManualClock();
    const control = new StatementControl(clock);
    control.begin(1_000);
    clock.ms = 400;
    control.end();
    expect(clock.timers).toEqual([]);
    clock.ms = 700;
    control.goOn();
    expect(clock.timers.map(({ ms }) => ms)).toEqual([300]);
    clock.timers[0]?.run();
    expect(() => control.check()).toThrow('canceling statement due to statement timeout');
    control.end();
    control.begin(0);
    control.goOn();
    expect(clock.timers).toEqual([]);
    control.check();
  });
});
