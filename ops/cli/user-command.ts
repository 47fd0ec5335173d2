import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration } from '../config/configuration.js';
import { type RunFile, readRunFile } from '../processes/run-file.js';
import { CommandFailed } from './status-command.js';

/** The first superuser, in whose name the command line acts. */
const ADMINISTRATOR = 'polylog';

/** `polylog user add`: CREATE USER on the running node, asked for over its HTTP side with the superuser's password. */
export async function addUser(configuration: Configuration, name: string, superuser: boolean): Promise<void> {
  const running = readRunFile(configuration.data);
  if (running === null) throw new CommandFailed(`no node runs on ${configuration.data}: start it first`);
  const password = process.env['POLYLOG_USER_PASSWORD'] ?? (await readPassword());
  if (password === '')
    throw new CommandFailed('a password is needed: give it on standard input or in POLYLOG_USER_PASSWORD');
  const credentials = Buffer.from(`${ADMINISTRATOR}:${administratorPassword(configuration.data)}`).toString('base64');
  const response = await fetch(`${urlOf(running)}/admin/users`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name, password, superuser }),
  });
  if (response.status === 401)
    throw new CommandFailed(
      'the superuser has another password than this data folder knows: give it in POLYLOG_PASSWORD',
    );
  if (!response.ok) throw new CommandFailed(((await response.json()) as { message: string }).message);
  process.stdout.write(`user ${name} added\n`);
}

/** The environment's, then the one that the node keeps. */
function administratorPassword(data: string): string {
  const given = process.env['POLYLOG_PASSWORD'];
  if (given !== undefined && given !== '') return given;
  try {
    return readFileSync(join(data, 'superuser'), 'utf8').split('\n')[0] ?? '';
  } catch {
    throw new CommandFailed(`${data} keeps no superuser password: give it in POLYLOG_PASSWORD`);
  }
}

/** A node that listens everywhere is reached on this machine. */
function urlOf({ host, httpPort }: RunFile): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${httpPort}`;
}

/** The first line of standard input. */
async function readPassword(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n', 1)[0]?.replace(/\r$/, '') ?? '';
}
