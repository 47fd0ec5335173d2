import { setTimeout as sleep } from 'node:timers/promises';
import type { Configuration } from '../config/configuration.js';
import { readRunFile } from '../processes/run-file.js';
import { CommandFailed } from './command-failed.js';

/** More than the ten seconds that a node takes at most. */
const WAIT_MS = 15_000;
const POLL_MS = 50;

/** `polylog stop`: resolves when the node has ended. Rejects when none runs, or when it does not end. */
export async function stopNode({ data }: Pick<Configuration, 'data'>): Promise<void> {
  const running = readRunFile(data);
  if (running === null) throw new CommandFailed(`no node runs on ${data}`);
  try {
    process.kill(running.pid, 'SIGTERM');
  } catch (error) {
    throw new CommandFailed(`the node (pid ${running.pid}) cannot be stopped: ${(error as Error).message}`);
  }
  const end = Date.now() + WAIT_MS;
  while (readRunFile(data)?.pid === running.pid) {
    if (Date.now() > end)
      throw new CommandFailed(`the node (pid ${running.pid}) has not ended in ${WAIT_MS / 1_000} s`);
    await sleep(POLL_MS);
  }
}
