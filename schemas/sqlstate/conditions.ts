/** Names of PostgreSQL's error conditions (its errcodes.txt) that Polylog raises, with their five-character codes. */
export const SQLSTATES = {
  syntax_error: '42601',
  feature_not_supported: '0A000',
  internal_error: 'XX000',
} as const;

export type Condition = keyof typeof SQLSTATES;
