import { KNOWN_DIFFERENCES } from './known-differences.js';
import type { Observations } from './server.js';

/** Throws unless a node answered as the other server did, but for what is known to differ and then as it is known to. */
export function expectSame(
  actual: Observations,
  expected: Observations,
  known: Readonly<Record<string, RegExp>> = KNOWN_DIFFERENCES,
): void {
  const differing = Object.entries(known).filter(([name]) => name in expected);
  for (const [name, answer] of differing) {
    expect(`${name}: ${JSON.stringify(actual[name])}`).toMatch(answer);
    expect([name, actual[name]]).not.toEqual([name, expected[name]]);
  }
  const rest = ([name]: [string, unknown]): boolean => !(name in known);
  expect(Object.fromEntries(Object.entries(actual).filter(rest))).toEqual(
    Object.fromEntries(Object.entries(expected).filter(rest)),
  );
}
