import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The file with the first superuser's password and URL: readable by its owner alone. */
export function superuserPath(data: string): string {
  return join(data, 'superuser');
}

/** The password on the file's first line; null without a file. */
function readSuperuserFile(data: string): string | null {
  try {
    const password = readFileSync(superuserPath(data), 'utf8').split('\n')[0];
    return password === undefined || password === '' ? null : password;
  } catch {
    return null;
  }
}

export function writeSuperuserFile(data: string, lines: readonly string[]): void {
  const path = superuserPath(data);
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  // The mode above counts for a new file only.
  chmodSync(path, 0o600);
}

/**
 * Passwords that the first superuser may have, the likeliest first: a fresh cluster takes the first one. One that was made up stands in the
 * file before the cluster knows it, so that no crash in between can lose it.
 */
export function passwordCandidates(data: string, given: string): readonly string[] {
  const kept = readSuperuserFile(data);
  const candidates = [...(given === '' ? [] : [given]), ...(kept === null ? [] : [kept])];
  if (candidates.length > 0) return candidates;
  const made = randomBytes(18).toString('base64url');
  writeSuperuserFile(data, [made]);
  return [made];
}
