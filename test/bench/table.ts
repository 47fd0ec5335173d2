/** Columns as wide as their widest cell: the first to the left, all others to the right. Empty for no rows. */
export function tableText(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [columns, ...rows];
  const widths = columns.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[]): string =>
    widths
      .map((width, i) =>
        ((row[i] ?? '')[i === 0 ? 'padEnd' : 'padStart'] as (n: number) => string).call(row[i] ?? '', width),
      )
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(columns), rule, ...rows.map(line)].join('\n');
}

/** 12,345 or 12.3 or 0.123: three digits at least, no more than are meant. */
export function shown(value: number | null): string {
  if (value === null || Number.isNaN(value)) return '-';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(3);
}
