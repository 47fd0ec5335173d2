import { randomBytes } from 'node:crypto';
import { createVerifier } from '#engines/security/scram.js';
import type { Option, Statement } from '#schemas/program/statement.js';
import type { Configuration } from '../config/configuration.js';
import { systemRandom } from '../ports/system-clock.js';
import { askControl } from '../processes/control-socket.js';
import { connectionUrl } from '../processes/listening-address.js';
import { readRunFile } from '../processes/run-file.js';
import { CommandFailed } from './command-failed.js';
import { promptPassword } from './prompt-password.js';

/** Made-up passwords have 144 bits. */
const PASSWORD_BYTES = 18;
const NAME_BYTES_MAX = 63;

export interface UserAdd {
  readonly name: string;
  readonly superuser: boolean;
  /** Make a password up and print it, rather than ask for one. */
  readonly generate: boolean;
}

/**
 * `polylog user add`: a user of the running node. The password comes from POLYLOG_USER_PASSWORD, or from a prompt without echo, or from
 * standard input where that is no terminal; only its verifier leaves this process. A made-up one is printed on standard output.
 */
export async function addUser(configuration: Pick<Configuration, 'data'>, command: UserAdd): Promise<void> {
  const { name, superuser, generate } = command;
  if (name === '' || Buffer.byteLength(name) > NAME_BYTES_MAX)
    throw new CommandFailed(`a user's name has 1 to ${NAME_BYTES_MAX} bytes`);
  const running = readRunFile(configuration.data);
  if (running === null) throw new CommandFailed(`no node runs on ${configuration.data}: start it first`);
  if (!running.ready) throw new CommandFailed('the node is not ready yet');
  const password = generate ? randomBytes(PASSWORD_BYTES).toString('base64url') : await givenPassword(name);
  const verifier = createVerifier(password, systemRandom);
  await askControl(running.controlSocket, 'run', createUser(name, superuser, verifier)).catch((error: Error) => {
    throw new CommandFailed(error.message);
  });
  process.stdout.write(`user ${name} added\n`);
  if (!generate) return;
  const url = connectionUrl(name, password, running.host, running.postgresPort);
  process.stdout.write(`  connect:  psql '${url}'\n`);
}

function createUser(name: string, superuser: boolean, verifier: string): Statement {
  const option = (word: string, value: Option['value']): Option => ({ name: word, value, token: -1 });
  const options = [option('login', true), option('superuser', superuser), option('password', verifier)];
  return { kind: 'create-user', name, ifNotExists: false, options, token: -1 };
}

async function givenPassword(name: string): Promise<string> {
  const password =
    process.env['POLYLOG_USER_PASSWORD'] ??
    (process.stdin.isTTY ? await promptPassword(`password for ${name}: `) : await firstLine());
  if (password === '')
    throw new CommandFailed(
      'a password is needed: type it, pipe it to standard input, set POLYLOG_USER_PASSWORD, or take --generate-password',
    );
  return password;
}

async function firstLine(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text.split(/\r?\n/)[0] ?? '';
}
