import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '#test/harness/temporary-directory.js';
import { birthOf, type RunFile, readRunFile, removeRunFile, writeRunFile } from './run-file.js';

describe('the run file', () => {
  const { path, remove } = temporaryDirectory('run-file');
  const file = (changes: Partial<RunFile>): RunFile => ({
    pid: process.pid,
    birth: birthOf(process.pid),
    ready: true,
    processes: [],
    host: '127.0.0.1',
    postgresPort: 1,
    mysqlPort: 3,
    httpPort: 2,
    log: 'embedded',
    controlSocket: join(path, 'control.sock'),
    ...changes,
  });

  afterAll(remove);

  it('is what the running node wrote, for its owner alone', () => {
    writeRunFile(path, file({}));
    expect(readRunFile(path)).toEqual(file({}));
    expect(statSync(join(path, 'run.json')).mode & 0o777).toBe(0o600);
    removeRunFile(path);
    expect(readRunFile(path)).toBeNull();
  });

  it('counts for nothing when its process is gone, or has left its pid to another', () => {
    writeRunFile(path, file({ pid: 2 ** 22 + 1 }));
    expect(readRunFile(path)).toBeNull();
    writeRunFile(path, file({ birth: 'another boot/1' }));
    expect(readRunFile(path)).toBeNull();
    writeFileSync(join(path, 'run.json'), '{"pid":');
    expect(readRunFile(path)).toBeNull();
  });
});
