import { close, constants, fdatasync, fsync, ftruncate, open, write } from 'node:fs';

export type Done = (error: Error | null) => void;

/**
 * The writing half of the disk, as the embedded log uses it: a seam, so that tests can fill the disk and break it. All
 * are asynchronous; callbacks are called once.
 */
export interface LogDisk {
  /** A descriptor whose writes are durable when they are answered. `create` empties a file that is there. */
  open(path: string, create: boolean, done: (error: Error | null, fd: number) => void): void;
  /** Writes bytes[from, to) at `position`; durable when done. */
  write(fd: number, bytes: Buffer, from: number, to: number, position: number, done: Done): void;
  /** Cuts the file; durable when done. */
  truncate(fd: number, length: number, done: Done): void;
  close(fd: number, done: Done): void;
  /** Makes the names in a folder durable. */
  syncFolder(path: string, done: Done): void;
}

/** One system call and one turn of a pool thread a write, where a write and an fdatasync would be two. */
const { O_RDWR, O_CREAT, O_TRUNC, O_DSYNC } = constants;
/** There O_DSYNC reaches the drive and not what it has written down. */
const SYNC_BEHIND_WRITE = process.platform === 'darwin';

export const realDisk: LogDisk = {
  open(path, create, done) {
    open(path, O_RDWR | O_DSYNC | (create ? O_CREAT | O_TRUNC : 0), 0o600, (error, fd) => done(error, fd));
  },
  write(fd, bytes, from, to, position, done) {
    write(fd, bytes, from, to - from, position, (error, written) => {
      if (error !== null) done(error);
      else if (from + written < to) this.write(fd, bytes, from + written, to, position + written, done);
      else if (SYNC_BEHIND_WRITE) fdatasync(fd, done);
      else done(null);
    });
  },
  truncate(fd, length, done) {
    ftruncate(fd, length, (error) => {
      if (error !== null) done(error);
      else fdatasync(fd, done);
    });
  },
  close(fd, done) {
    close(fd, (error) => done(error ?? null));
  },
  syncFolder(path, done) {
    open(path, 'r', (error, fd) => {
      if (error !== null) done(error);
      else fsync(fd, (syncError) => close(fd, (closeError) => done(syncError ?? closeError ?? null)));
    });
  },
};
