/** A SQL interval: three counts that PostgreSQL keeps apart, because months and days differ in length. */
export class Interval {
  readonly months: number;
  readonly days: number;
  readonly micros: bigint;
  constructor(months: number, days: number, micros: bigint) {
    this.months = months;
    this.days = days;
    this.micros = micros;
  }
}
