import { quantile, seenBetween } from './histogram.js';

const of = (...counts: number[]) =>
  counts.map((count, i) => ({ upTo: [1, 2, 4, Number.POSITIVE_INFINITY][i] as number, count }));

describe('a histogram', () => {
  it('tells quantiles within the bucket that they fall into', () => {
    expect(quantile(of(0, 10, 10, 10), 0.5)).toBe(1.5);
    expect(quantile(of(50, 50, 100, 100), 0.99)).toBeCloseTo(3.96);
    expect(quantile(of(10, 10, 10, 10), 1)).toBe(1);
  });

  it('tells its greatest bound for what lies beyond it, and nothing of nothing', () => {
    expect(quantile(of(0, 0, 0, 5), 0.5)).toBe(4);
    expect(quantile(of(0, 0, 0, 0), 0.5)).toBeNaN();
    expect(quantile([], 0.5)).toBeNaN();
  });

  it('is what several have seen since', () => {
    expect(seenBetween([of(1, 1, 1, 1), of(0, 2, 2, 2)], [of(1, 4, 4, 4), of(5, 7, 7, 8)])).toEqual(of(5, 8, 8, 9));
  });
});
