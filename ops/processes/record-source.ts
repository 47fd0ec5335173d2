import { EmbeddedLogReader } from '#log/embedded/embedded-log-reader.js';
import { type RecordSource, recordsOf } from '#log/record-source.js';
import type { Configuration } from '../config/configuration.js';
import { embeddedFolder, openLog } from './log-source.js';

/** The log that a configuration names, for a process that only reads it. */
export async function openRecordSource(
  configuration: Configuration,
): Promise<{ readonly source: RecordSource; close(): Promise<void> }> {
  if (configuration.log === 'embedded')
    return { source: new EmbeddedLogReader(embeddedFolder(configuration)), close: async () => undefined };
  const log = await openLog(configuration);
  return { source: recordsOf(log), close: () => log.close() };
}
