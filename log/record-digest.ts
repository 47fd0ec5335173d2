import { createHash } from 'node:crypto';
import type { LogRecord } from './change-log.js';

/** By which a record is known again: 32 hexadecimal digits. */
export function digestOfRecord({ key, value }: LogRecord): string {
  return createHash('sha256')
    .update(key ?? '')
    .update(value)
    .digest('hex')
    .slice(0, 32);
}
