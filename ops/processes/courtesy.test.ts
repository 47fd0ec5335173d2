import { Courtesy } from './courtesy.js';

describe('a courteous process', () => {
  let nowMs = 1_000_000;
  let idle = false;
  let courtesy: Courtesy;
  const setIdle = (wanted: boolean): Promise<void> => {
    idle = wanted;
    return Promise.resolve();
  };
  const second = (transactions: number, lagMs = 100): void => {
    nowMs += 1_000;
    if (transactions > 0) courtesy.applied(transactions, (nowMs - lagMs) * 1_000);
    courtesy.tick();
  };

  beforeEach(() => {
    idle = false;
    courtesy = new Courtesy(setIdle, () => nowMs);
  });

  it('stands back while many commit, and no longer', () => {
    second(10);
    expect(idle).toBe(false);
    second(5_000);
    expect(idle).toBe(true);
    second(0);
    expect(idle).toBe(false);
  });

  it('takes its share when it falls behind', () => {
    second(5_000);
    second(5_000, 3_000);
    expect(idle).toBe(false);
    second(5_000);
    expect(idle).toBe(true);
    courtesy.applied(100, (nowMs - 3_000) * 1_000);
    expect(idle).toBe(false);
  });

  it('takes its share while somebody asks it', () => {
    second(5_000);
    courtesy.asked();
    expect(idle).toBe(false);
    for (let i = 0; i < 9; i++) second(5_000);
    expect(idle).toBe(false);
    second(5_000);
    expect(idle).toBe(true);
  });
});
