/** To the nearest integer, halves to the even one: C's rint(), which PostgreSQL uses for floats and for parts of a second. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
