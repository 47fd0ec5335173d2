/** A target beside what was measured. */
export interface Verdict {
  readonly what: string;
  readonly value: number | null;
  readonly target: Target;
  /** False also where the measurement failed: nothing was shown. */
  readonly met: boolean;
}

export interface Target {
  readonly relation: 'at least' | 'under';
  readonly value: number;
  readonly unit: string;
}

/** `value` is null where the measurement failed. */
export function verdict(what: string, value: number | null, target: Target): Verdict {
  const met = value !== null && (target.relation === 'at least' ? value >= target.value : value < target.value);
  return { what, value, target, met };
}

/** As a cell of a table: `≥ 1.5 met`. */
export function verdictText({ target, met }: Verdict): string {
  return `${target.relation === 'at least' ? '≥' : '<'} ${target.value.toLocaleString('en-US')} ${met ? 'met' : 'MISSED'}`;
}
