#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import {
  type Configuration,
  ConfigurationError,
  flagOf,
  readConfiguration,
  SETTING_NAMES,
  SETTINGS,
  variableOf,
} from '../config/configuration.js';
import { rememberedLog } from '../processes/remembered-log.js';
import { StartRefused } from '../processes/start-refused.js';
import { type ClockFlags, runClock } from './clock-command.js';
import { CommandFailed } from './command-failed.js';
import { printLog, verifyLog } from './log-command.js';
import { NodeHttp } from './node-http.js';
import { printProjections, rebuildProjection, verifyNode } from './projection-command.js';
import { startNode } from './start-command.js';
import { printStatus } from './status-command.js';
import { stopNode } from './stop-command.js';
import { addUser } from './user-command.js';

type Flags = Readonly<Partial<Record<keyof Configuration | 'config', string>>>;

/** Exit code for a command line or a configuration that makes no sense. */
const MISUSE = 2;

function configurationOf(flags: Flags): Configuration {
  const { config, ...rest } = flags;
  const sources = { file: config ?? process.env['POLYLOG_CONFIG'] ?? null, environment: process.env, flags: rest };
  // Which folder it is has to be known before what the folder knows.
  const log = rememberedLog(readConfiguration(sources).data);
  return readConfiguration(log === null ? sources : { ...sources, remembered: { log } });
}

/** Adds the flags of these settings, with what holds where they are not given. */
function withSettings(command: Command, names: ReadonlyArray<keyof Configuration>): Command {
  for (const name of names) {
    const { initial, argument, help } = SETTINGS[name];
    command.option(`${flagOf(name)} <${argument}>`, `${help}${initial === null ? '' : ` (${initial})`}`);
  }
  return command.option('--config <file>', 'configuration file, JSON with the same keys in camelCase');
}

const program = new Command('polylog')
  .description('A SQL platform whose truth is a replicated change log')
  .showHelpAfterError('(--help shows what there is)')
  .exitOverride();

withSettings(program.command('start').description('start a node'), SETTING_NAMES)
  .addHelpText(
    'after',
    `\nEvery flag has a variable, such as ${variableOf('postgresPort')} for ${flagOf('postgresPort')}; a flag goes before it, and it before the file.\nPOLYLOG_PASSWORD sets the first superuser's password at the first start, POLYLOG_CONFIG the file.`,
  )
  .action((flags: Flags) => startNode(configurationOf(flags)));

withSettings(program.command('stop').description('stop the node of a data folder'), ['data']).action((flags: Flags) =>
  stopNode(configurationOf(flags)),
);

withSettings(program.command('status').description('show the node of a data folder; exit code 3 when none runs'), [
  'data',
])
  .option('--json', 'as JSON')
  .action(({ json, ...flags }: Flags & { json?: boolean }) => printStatus(configurationOf(flags), json === true));

interface LogFlags {
  readonly follow?: boolean;
  readonly from: string;
  readonly table?: string;
  readonly json?: boolean;
}

const log = withSettings(program.command('log').description('print the events of the log'), ['data', 'log', 'registry'])
  .option('-f, --follow', 'wait for more')
  .option('--from <offset>', 'first offset', '0')
  .option('--table <name>', 'row versions of this table only: NAME or SCHEMA.NAME')
  .option('--json', 'one JSON object a line')
  .action(({ follow, from, table, json, ...flags }: Flags & LogFlags) =>
    printLog(configurationOf(flags), {
      follow: follow === true,
      from,
      table: table ?? null,
      json: json === true,
    }),
  );
withSettings(log.command('verify').description('read the whole embedded log and report all damage'), ['data']).action(
  (_flags: Flags, command: Command) => verifyLog(configurationOf(command.optsWithGlobals())),
);

withSettings(
  program.command('clock').description('run a master of the cluster clock: tells nodes with --clock cluster the time'),
  ['data', 'host', 'clockGroup', 'clockPort', 'clockInterface', 'logLevel'],
)
  .option('--id <number>', '0 = primary; backups, from 1 on, take over when it is silent', '0')
  .option('--source <source>', 'where this machine has its time from: auto, local, gps, aws, chrony, …', 'auto')
  .option('--metrics-port <port>', 'port for /metrics and /healthz, 0 = any; without it there are none')
  .action(({ id, source, metricsPort, ...flags }: Flags & ClockFlags) =>
    runClock(configurationOf(flags), { id, source, ...(metricsPort === undefined ? {} : { metricsPort }) }),
  );

const user = program.command('user').description('users of a running node');
withSettings(
  user
    .command('add <name>')
    .description(
      'add a user. The password is asked for; or it comes from POLYLOG_USER_PASSWORD, or from standard input where that is no terminal',
    ),
  ['data'],
)
  .option('--superuser', 'with all rights')
  .option('--generate-password', 'make a password up and print it')
  .action((name: string, flags: Flags & { superuser?: boolean; generatePassword?: boolean }) => {
    const { superuser, generatePassword, ...rest } = flags;
    return addUser(configurationOf(rest), {
      name,
      superuser: superuser === true,
      generate: generatePassword === true,
    });
  });

interface NodeFlags extends Flags {
  readonly json?: boolean;
}

/** The node that a command is for. A port counts only where it is given: the data folder knows the other. */
function nodeOf(flags: Flags): NodeHttp {
  const configuration = configurationOf(flags);
  return new NodeHttp(configuration, flags.httpPort === undefined ? null : configuration.httpPort);
}

const projection = program
  .command('projection')
  .description('folds of the log that a running node keeps beside its engine');
withSettings(projection.command('status').description('how far each one is'), ['data', 'httpPort'])
  .option('--json', 'as JSON')
  .action(({ json, ...flags }: NodeFlags) => printProjections(nodeOf(flags), json === true));
withSettings(
  projection.command('rebuild <name>').description('throw away what a projection has and fold the log again'),
  ['data', 'httpPort'],
).action((name: string, flags: Flags) => rebuildProjection(nodeOf(flags), name));

withSettings(
  program
    .command('verify')
    .description(
      'compare what the engine, each projection and a replay of the log say of every table; exit code 1 when they differ',
    ),
  ['data', 'httpPort'],
).action((flags: Flags) => verifyNode(nodeOf(flags)));

/** Says what went wrong, in a line where it was to be expected; answers the exit code. */
function report(error: unknown): number {
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSE;
  const expected =
    error instanceof ConfigurationError || error instanceof StartRefused || error instanceof CommandFailed;
  const text = expected ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`polylog: ${text}\n`);
  if (error instanceof ConfigurationError) return MISUSE;
  return error instanceof StartRefused ? error.exitCode : 1;
}

program.parseAsync(process.argv).catch((error: unknown) => {
  process.exitCode = report(error);
});
