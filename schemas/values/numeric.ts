/** An exact decimal: unscaled × 10^-scale, where scale is also the number of digits shown after the point. */
export class Numeric {
  readonly unscaled: bigint;
  readonly scale: number;
  readonly special: 'NaN' | 'Infinity' | '-Infinity' | null;
  constructor(unscaled: bigint, scale: number, special: 'NaN' | 'Infinity' | '-Infinity' | null = null) {
    this.unscaled = unscaled;
    this.scale = scale;
    this.special = special;
  }
}
