import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

const NAME = 'reached';

/**
 * A file in a partition's folder that says how far the log reached when it was closed in order. Records before that
 * place were durable: where they cannot be read, that is damage, and not the remains of a write that broke off.
 */
export async function markReached(folder: string, next: number): Promise<void> {
  const path = join(folder, NAME);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(`${next}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

/** One past a record that was durable; 0 where nothing was noted. */
export async function reached(folder: string): Promise<number> {
  try {
    const text = await readFile(join(folder, NAME), 'utf8');
    return /^\d+\n$/.test(text) ? Number(text) : 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
