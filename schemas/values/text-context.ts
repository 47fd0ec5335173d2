/** Session settings that decide how values read and look as text. */
export interface TextContext {
  readonly timeZone: string;
  readonly dateStyle: 'ISO' | 'SQL' | 'Postgres' | 'German';
  readonly dateOrder: 'MDY' | 'DMY' | 'YMD';
  readonly intervalStyle: 'postgres' | 'postgres_verbose' | 'sql_standard' | 'iso_8601';
  readonly extraFloatDigits: number;
  /** What 'now' and 'today' mean: the transaction's start. */
  readonly nowMicros: bigint;
}

export const DEFAULT_TEXT_CONTEXT: TextContext = {
  timeZone: 'UTC',
  dateStyle: 'ISO',
  dateOrder: 'MDY',
  intervalStyle: 'postgres',
  extraFloatDigits: 1,
  nowMicros: 0n,
};
