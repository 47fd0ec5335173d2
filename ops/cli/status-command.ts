import type { Configuration } from '../config/configuration.js';
import { readRunFile } from '../processes/run-file.js';

/** `polylog status`. Exit code 3 when no node runs, as service managers have it. */
export function printStatus({ data }: Pick<Configuration, 'data'>, json: boolean): void {
  const running = readRunFile(data);
  if (running === null) process.exitCode = 3;
  if (json) {
    const { birth: _birth, ...shown } = running ?? { birth: '', ready: false, processes: [] };
    process.stdout.write(`${JSON.stringify({ running: running !== null, ...shown })}\n`);
    return;
  }
  if (running === null) {
    process.stdout.write(`no node runs on ${data}\n`);
    return;
  }
  const lines = [
    `a node runs on ${data}${running.ready ? '' : ' and is not ready for clients'}`,
    ...running.processes.map(({ name, pid }) => `  ${name.padEnd(18)} pid ${pid}`),
    `  postgres           ${running.host}:${running.postgresPort}`,
    `  mysql              ${running.host}:${running.mysqlPort}`,
    `  http               ${running.host}:${running.httpPort}`,
    `  log                ${running.log}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
