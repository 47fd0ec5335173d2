import type { ResultColumn } from '#schemas/link/frames.js';
import type { Option } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';

/** The format of one COPY, checked as PostgreSQL checks its options. */
export interface CopyOptions {
  readonly format: 'text' | 'csv' | 'binary';
  readonly delimiter: string;
  readonly nullText: string;
  /** 'match' = the header must name the columns; only for COPY FROM. */
  readonly header: boolean | 'match';
  readonly quote: string;
  readonly escape: string;
  /** Names, or all columns. */
  readonly forceQuote: ReadonlySet<string> | 'all';
  readonly forceNotNull: ReadonlySet<string>;
  readonly forceNull: ReadonlySet<string>;
  readonly encoding: 'utf8' | 'latin1';
}

const ENCODINGS: Readonly<Record<string, CopyOptions['encoding']>> = {
  utf8: 'utf8',
  unicode: 'utf8',
  sqlascii: 'utf8',
  latin1: 'latin1',
  iso88591: 'latin1',
};

/** Throws PostgreSQL's refusals for options that do not go together. */
export function copyOptions(options: readonly Option[], direction: 'in' | 'out'): CopyOptions {
  const format = formatOf(options);
  const csv = format === 'csv';
  const delimiter = text(options, 'delimiter') ?? (csv ? ',' : '\t');
  const quote = text(options, 'quote') ?? '"';
  const result: CopyOptions = {
    format,
    delimiter,
    nullText: text(options, 'null') ?? (csv ? '' : '\\N'),
    header: headerOf(options, direction),
    quote,
    escape: text(options, 'escape') ?? quote,
    forceQuote: names(options, 'force_quote').has('*') ? 'all' : names(options, 'force_quote'),
    forceNotNull: names(options, 'force_not_null'),
    forceNull: names(options, 'force_null'),
    encoding: encodingOf(options),
  };
  if (format === 'binary') checkBinary(options);
  else checkCharacters(result, options);
  checkCsvOnly(result, options, direction);
  return result;
}

/** The format of a COPY TO of these columns. Throws what is wrong with the options. */
export function copyOutOptions(options: readonly Option[], columns: readonly ResultColumn[]): CopyOptions {
  const checked = copyOptions(options, 'out');
  checkColumns(
    checked,
    columns.map(([name]) => name),
  );
  return checked;
}

function find(options: readonly Option[], name: string): Option | undefined {
  return options.find((option) => option.name === name);
}

function text(options: readonly Option[], name: string): string | null {
  const option = find(options, name);
  return option === undefined ? null : String(option.value ?? '');
}

function names(options: readonly Option[], name: string): ReadonlySet<string> {
  return new Set(options.filter((option) => option.name === name).map((option) => String(option.value)));
}

function formatOf(options: readonly Option[]): CopyOptions['format'] {
  const option = find(options, 'format');
  const format = option === undefined ? 'text' : String(option.value);
  if (format === 'text' || format === 'csv' || format === 'binary') return format;
  throw new SqlError('invalid_parameter_value', `COPY format "${format}" not recognized`, {
    token: option?.token ?? 0,
  });
}

function headerOf(options: readonly Option[], direction: 'in' | 'out'): CopyOptions['header'] {
  const value = find(options, 'header')?.value;
  if (value === undefined || value === false) return false;
  if (value === true || value === null) return true;
  const word = String(value).toLowerCase();
  if (word === 'match') {
    if (direction === 'out') throw new SqlError('invalid_parameter_value', 'cannot use "match" with HEADER in COPY TO');
    return 'match';
  }
  if (word === 'true' || word === 'on' || word === '1') return true;
  if (word === 'false' || word === 'off' || word === '0') return false;
  throw new SqlError('syntax_error', 'header requires a Boolean value or "match"');
}

function encodingOf(options: readonly Option[]): CopyOptions['encoding'] {
  const name = text(options, 'encoding');
  if (name === null) return 'utf8';
  const encoding = ENCODINGS[name.toLowerCase().replace(/[-_ ]/g, '')];
  if (encoding === undefined)
    throw new SqlError('feature_not_supported', `COPY with encoding "${name}" is not supported`, {
      token: find(options, 'encoding')?.token ?? 0,
    });
  return encoding;
}

function checkBinary(options: readonly Option[]): void {
  if (find(options, 'delimiter') !== undefined)
    throw new SqlError('syntax_error', 'cannot specify DELIMITER in BINARY mode');
  if (find(options, 'null') !== undefined) throw new SqlError('syntax_error', 'cannot specify NULL in BINARY mode');
  if (find(options, 'header') !== undefined)
    throw new SqlError('feature_not_supported', 'cannot specify HEADER in BINARY mode');
}

function checkCharacters(o: CopyOptions, options: readonly Option[]): void {
  if (Buffer.byteLength(o.delimiter) !== 1)
    throw new SqlError('feature_not_supported', 'COPY delimiter must be a single one-byte character');
  if (/[\r\n]/.test(o.delimiter))
    throw new SqlError('invalid_parameter_value', 'COPY delimiter cannot be newline or carriage return');
  if (/[\r\n]/.test(o.nullText))
    throw new SqlError('invalid_parameter_value', 'COPY null representation cannot use newline or carriage return');
  if (o.format === 'text' && /[\\.a-z0-9]/.test(o.delimiter))
    throw new SqlError('invalid_parameter_value', `COPY delimiter cannot be "${o.delimiter}"`);
  if (o.nullText.includes(o.delimiter))
    throw new SqlError('feature_not_supported', 'COPY delimiter must not appear in the NULL specification');
  if (o.format !== 'csv') {
    if (find(options, 'quote') !== undefined)
      throw new SqlError('feature_not_supported', 'COPY quote available only in CSV mode');
    if (find(options, 'escape') !== undefined)
      throw new SqlError('feature_not_supported', 'COPY escape available only in CSV mode');
    return;
  }
  if (Buffer.byteLength(o.quote) !== 1)
    throw new SqlError('feature_not_supported', 'COPY quote must be a single one-byte character');
  if (o.delimiter === o.quote)
    throw new SqlError('invalid_parameter_value', 'COPY delimiter and quote must be different');
  if (Buffer.byteLength(o.escape) !== 1)
    throw new SqlError('feature_not_supported', 'COPY escape must be a single one-byte character');
  if (o.nullText.includes(o.quote))
    throw new SqlError('feature_not_supported', 'CSV quote character must not appear in the NULL specification');
}

function checkCsvOnly(o: CopyOptions, options: readonly Option[], direction: 'in' | 'out'): void {
  const rules = [
    ['force_quote', 'force quote', 'out', 'COPY TO'],
    ['force_not_null', 'force not null', 'in', 'COPY FROM'],
    ['force_null', 'force null', 'in', 'COPY FROM'],
  ] as const;
  for (const [name, words, only, command] of rules) {
    if (find(options, name) === undefined) continue;
    if (o.format !== 'csv') throw new SqlError('feature_not_supported', `COPY ${words} available only in CSV mode`);
    if (direction !== only)
      throw new SqlError('feature_not_supported', `COPY ${words} only available using ${command}`);
  }
}

/** Throws 42703 for an option that names a column which is not copied. */
export function checkColumns(o: CopyOptions, columns: readonly string[]): void {
  const lists = [
    ['FORCE_QUOTE', o.forceQuote === 'all' ? new Set<string>() : o.forceQuote],
    ['FORCE_NOT_NULL', o.forceNotNull],
    ['FORCE_NULL', o.forceNull],
  ] as const;
  for (const [option, named] of lists) {
    for (const name of named) {
      if (!columns.includes(name))
        throw new SqlError('invalid_column_reference', `${option} column "${name}" not referenced by COPY`);
    }
  }
}
