import { rm } from 'node:fs/promises';

/** The rows on disk are not as they were written. The log has all of them: whoever meets this removes the folder and folds the log anew. */
export class StoreDamaged extends Error {
  override readonly name = 'StoreDamaged';
}

/** What LevelDB says when its files are not its own any more; null for anything else, such as a full disk, or that another process has them open. */
export function damageOf(error: unknown): StoreDamaged | null {
  if (error instanceof StoreDamaged) return error;
  for (let e = error as LevelError | null | undefined; typeof e === 'object' && e !== null; e = e.cause) {
    const isDamage =
      e.code === 'LEVEL_CORRUPTION' || (e.code === 'LEVEL_IO_ERROR' && /No such file|Invalid argument/.test(e.message));
    if (isDamage) return new StoreDamaged(`the row store is damaged: ${e.message}`, { cause: error });
  }
  return null;
}

/**
 * Whether LevelDB could not write, most often because the disk is full. Where that met a sorted file or a sync, it refuses every
 * write until it is opened again, whatever has become of the disk; it still reads.
 */
export function isWriteRefused(error: unknown): boolean {
  if (damageOf(error) !== null) return false;
  for (let e = error as LevelError | null | undefined; typeof e === 'object' && e !== null; e = e.cause)
    if (e.code === 'LEVEL_IO_ERROR') return true;
  return false;
}

/** Not always an Error of this realm: the driver makes them. */
interface LevelError {
  readonly code?: string;
  readonly message: string;
  readonly cause?: LevelError;
}

/** The next start begins with an empty store. */
export function removeStore(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true });
}
