import { createHash } from 'node:crypto';

/** SHA-256 of a program in hexadecimal: what caches on both sides of the link know it by. */
export function programHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
