import { ratioOf, sideOf } from './alternation.js';
import { median, percentile } from './median.js';
import type { Run } from './run.js';
import { verdict, verdictText } from './verdict.js';

const good = (tps: number): Run => ({ ok: true, tps, p50Ms: 1_000 / tps, transactions: 10 });
const bad: Run = { ok: false, reason: 'the server went away' };

describe('the rounds of one server', () => {
  it('are shown by their median', () => {
    expect(sideOf('A', [good(100), good(500), good(200)])).toMatchObject({ tps: 200, p50Ms: 5, failures: [] });
  });

  it('are a failure where one of them failed', () => {
    const side = sideOf('A', [good(100), bad, good(200)]);
    expect(side).toMatchObject({ tps: null, p50Ms: null, failures: ['the server went away'] });
    expect(side.runs).toHaveLength(3);
  });

  it('have a ratio to those of another only where none failed', () => {
    expect(ratioOf(sideOf('A', [good(100)]), sideOf('B', [good(150)]))).toBe(1.5);
    expect(ratioOf(sideOf('A', [good(100)]), sideOf('B', [bad]))).toBeNull();
    expect(ratioOf(sideOf('A', []), sideOf('B', [good(150)]))).toBeNull();
  });
});

describe('a target', () => {
  const target = { relation: 'at least', value: 1.5, unit: '×' } as const;

  it('is met from its value on', () => {
    expect(verdict('x', 1.5, target).met).toBe(true);
    expect(verdictText(verdict('x', 1.49, target))).toBe('≥ 1.5 MISSED');
  });

  it('is missed by what was not measured', () => {
    expect(verdict('x', null, target).met).toBe(false);
    expect(verdict('x', null, { ...target, relation: 'under' }).met).toBe(false);
    expect(verdict('x', Number.NaN, { ...target, relation: 'under' }).met).toBe(false);
  });
});

describe('a median', () => {
  it('is the middle, or between the middle two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});

describe('a percentile', () => {
  it('is the least value that so many do not exceed', () => {
    const values = Array.from({ length: 200 }, (_, i) => 200 - i);
    expect(percentile(values, 0.99)).toBe(198);
    expect(percentile(values, 1)).toBe(200);
    expect(percentile([7], 0.5)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });
});
