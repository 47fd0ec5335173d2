import { BackOff } from './back-off.js';

describe('the pause before a process is started again', () => {
  it('doubles up to 15 seconds, and begins anew after a minute of health', () => {
    const backOff = new BackOff();
    expect([0, 0, 0, 0, 0, 0, 0].map((ranMs) => backOff.delayMs(ranMs))).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000,
    ]);
    expect(backOff.delayMs(60_000)).toBe(500);
    expect(backOff.delayMs(59_000)).toBe(1_000);
  });
});
