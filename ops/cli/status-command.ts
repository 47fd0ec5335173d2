import type { Configuration } from '../config/configuration.js';
import { readRunFile } from '../processes/run-file.js';

/** What a command could not do, said to the user. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

const STOP_WAIT_MS = 15_000;
const POLL_MS = 50;

/** `polylog status`. Exit code 3 when no node runs, as service managers have it. */
export function printStatus({ data }: Configuration, json: boolean): void {
  const running = readRunFile(data);
  if (running === null) {
    process.stdout.write(json ? `${JSON.stringify({ running: false, processes: [] })}\n` : `no node runs on ${data}\n`);
    process.exitCode = 3;
    return;
  }
  if (json) {
    process.stdout.write(`${JSON.stringify({ running: true, ...running })}\n`);
    return;
  }
  const lines = running.processes.map(({ name, pid }) => `  ${name.padEnd(18)} pid ${pid}`);
  process.stdout.write(
    `a node runs on ${data}\n${lines.join('\n')}\n  postgres           ${running.host}:${running.postgresPort}\n  http               ${running.host}:${running.httpPort}\n  log                ${running.log}\n`,
  );
}

/** `polylog stop`: resolves when the node has ended. */
export async function stopNode({ data }: Configuration): Promise<void> {
  const running = readRunFile(data);
  if (running === null) throw new CommandFailed(`no node runs on ${data}`);
  process.kill(running.pid, 'SIGTERM');
  const end = Date.now() + STOP_WAIT_MS;
  while (readRunFile(data) !== null) {
    if (Date.now() > end)
      throw new CommandFailed(`the node (pid ${running.pid}) has not ended in ${STOP_WAIT_MS / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
