import type { ResultColumn } from '#schemas/link/frames.js';
import type { TextContext } from '#schemas/values/text-form.js';
import { BinaryCopyDecoder } from './binary-decoder.js';
import { type CopyDecoder, FieldsToRow } from './copy-decoder.js';
import type { CopyOptions } from './copy-options.js';
import { CsvDecoder } from './csv-decoder.js';
import { TextDecoder } from './text-decoder.js';

/** The reader of a format. `table` is named in messages. */
export function openDecoder(
  options: CopyOptions,
  columns: readonly ResultColumn[],
  context: TextContext,
  table: string,
): CopyDecoder {
  if (options.format === 'binary') return new BinaryCopyDecoder(columns);
  const to = new FieldsToRow(columns, context, table);
  return options.format === 'csv' ? new CsvDecoder(options, columns, to) : new TextDecoder(options, to);
}
