#!/usr/bin/env node
import { Command } from 'commander';
import { type Configuration, ConfigurationError, readConfiguration } from '../config/configuration.js';
import { rememberedLog } from '../processes/remembered-log.js';
import { printLog, verifyLog } from './log-command.js';
import { startNode } from './start-command.js';
import { printStatus, stopNode } from './status-command.js';
import { addUser } from './user-command.js';

type Flags = Readonly<Partial<Record<keyof Configuration | 'config', string>>>;

function configurationOf(flags: Flags): Configuration {
  const { config, ...rest } = flags;
  const sources = { file: config ?? process.env['POLYLOG_CONFIG'] ?? null, environment: process.env, flags: rest };
  // Which folder it is has to be known before what the folder knows.
  const log = rememberedLog(readConfiguration(sources).data);
  return readConfiguration(log === null ? sources : { ...sources, remembered: { log } });
}

function withData(command: Command): Command {
  return command
    .option('--data <folder>', 'data folder of the node')
    .option('--config <file>', 'configuration file (JSON)');
}

const program = new Command('polylog')
  .description('A SQL platform whose truth is a replicated change log')
  .showHelpAfterError();

withData(program.command('start').description('start a node'))
  .option('--log <log>', 'embedded, or kafka://HOST:PORT/CLUSTER')
  .option('--host <address>', 'address to listen on (127.0.0.1)')
  .option('--postgres-port <port>', 'port for PostgreSQL clients (5432)')
  .option('--mysql-port <port>', 'port for MySQL clients (3306)')
  .option('--http-port <port>', 'port for health, metrics and the schema registry (8080)')
  .option('--registry <url>', 'a foreign schema registry')
  .option('--gateway-placement <where>', 'process or engine')
  .option('--tls-cert <file>', 'certificate for TLS (PEM)')
  .option('--tls-key <file>', 'key for TLS (PEM)')
  .option('--max-connections <number>', 'clients at once')
  .option('--log-level <level>', 'fatal, error, warn, info, debug or trace')
  .option('--commit-timeout-ms <ms>', 'how long a commit waits for the log')
  .action((flags: Flags) => startNode(configurationOf(flags)));

withData(program.command('stop').description('stop the node of a data folder')).action((flags: Flags) =>
  stopNode(configurationOf(flags)),
);

withData(program.command('status').description('show the node of a data folder'))
  .option('--json', 'as JSON')
  .action(({ json, ...flags }: Flags & { json?: boolean }) => printStatus(configurationOf(flags), json === true));

const log = withData(program.command('log').description('print the events of the log'))
  .option('--log <log>', 'embedded, or kafka://HOST:PORT/CLUSTER')
  .option('--registry <url>', 'schema registry to decode with')
  .option('-f, --follow', 'wait for more')
  .option('--from <offset>', 'first offset', '0')
  .option('--table <name>', 'events of this table only')
  .option('--json', 'one JSON object a line')
  .action(
    ({
      follow,
      from,
      table,
      json,
      ...flags
    }: Flags & { follow?: boolean; from: string; table?: string; json?: boolean }) =>
      printLog(configurationOf(flags), {
        follow: follow === true,
        from: Number(from),
        table: table ?? null,
        json: json === true,
      }),
  );
withData(log.command('verify').description('read the whole embedded log and report all damage')).action(
  (_flags: Flags, command: Command) => verifyLog(configurationOf(command.optsWithGlobals())),
);

const user = program.command('user').description('users');
withData(
  user.command('add <name>').description('add a user; the password comes from POLYLOG_USER_PASSWORD or standard input'),
)
  .option('--superuser', 'with all rights')
  .action((name: string, { superuser, ...flags }: Flags & { superuser?: boolean }) =>
    addUser(configurationOf(flags), name, superuser === true),
  );

program.parseAsync(process.argv).catch((error: unknown) => {
  const expected =
    error instanceof ConfigurationError ||
    (error instanceof Error && ['StartRefused', 'CommandFailed'].includes(error.name));
  process.stderr.write(
    `polylog: ${expected ? (error as Error).message : error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exitCode = error instanceof ConfigurationError ? 2 : 1;
});
