import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { PROJECTIONS, type ProjectionName } from '../processes/projection-contract.js';
import { nearestName } from './nearest-name.js';
import {
  clockGroup,
  host,
  httpUrl,
  integer,
  listOf,
  logUrl,
  oneOf,
  optional,
  type SettingReader,
  text,
  texts,
  wordOr,
} from './setting-readers.js';

/** Everything a node can be told. Keys are the same in the file, in the environment (POLYLOG_…) and as flags. */
export interface Configuration {
  /** Folder of the node: log, rows, sockets, superuser file. */
  readonly data: string;
  /** 'embedded' or kafka://HOST:PORT[,…]/CLUSTER. */
  readonly log: string;
  readonly host: string;
  /** 0 = any free port; so for the others. */
  readonly postgresPort: number;
  readonly mysqlPort: number;
  readonly httpPort: number;
  /** Modules that export a dialect, loaded anew on SIGHUP; null = the one that is built in. */
  readonly postgresDialect: string | null;
  readonly mysqlDialect: string | null;
  /** The node's number among those that share a Kafka log; 0 = it has the log alone. */
  readonly serverId: number | 'auto';
  /** How long a node may be silent in a shared log until others end its lease of the server id. */
  readonly leaseMs: number;
  /** Sockets of engines that the node's gateways turn to while its own is away. */
  readonly otherEngines: readonly string[];
  /** URL of a foreign schema registry; null = the built-in one. */
  readonly registry: string | null;
  /** 'process' = a gateway has its own process; 'engine' = it runs inside the engine's. */
  readonly gatewayPlacement: 'process' | 'engine';
  /** Files with PEM texts; both or neither. */
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
  readonly maxConnections: number;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
  /** How long a commit waits for a Kafka log before it fails, milliseconds. */
  readonly commitTimeoutMs: number;
  /** Folds of the log that the node runs beside its engine. */
  readonly projections: readonly ProjectionName[];
  /** How long the ingestion tier keeps versions that were replaced; 0 = for good. */
  readonly historyRetentionHours: number;
  /** What DuckDB may take in the OLAP tier before it goes to disk, megabytes. */
  readonly olapMemoryMb: number;
  /** Rows beyond this leave memory for the disk, megabytes. */
  readonly rowMemoryMb: number;
  /** 'local' = this machine's time, 'cluster' = that of the masters whose beats are heard in the group. */
  readonly clock: 'local' | 'cluster';
  /** A multicast ADDRESS:PORT, or HOST:PORT of every member. */
  readonly clockGroup: string;
  /** Where beats are listened for when the group is a list. */
  readonly clockPort: number;
  /** Address of the interface that beats go by. */
  readonly clockInterface: string;
}

/** One thing that can be set. The flag is the key in kebab case, the variable the same in capitals behind POLYLOG_. */
interface Setting<T> {
  readonly initial: T;
  readonly read: SettingReader<T>;
  /** What stands behind the flag in --help. */
  readonly argument: string;
  readonly help: string;
}

const port = integer(0, 65_535);

/** Every setting, in the order of --help. */
export const SETTINGS: { readonly [K in keyof Configuration]: Setting<Configuration[K]> } = {
  data: { initial: 'data', read: text, argument: 'folder', help: 'log, rows, sockets and password file of the node' },
  log: { initial: 'embedded', read: logUrl, argument: 'log', help: 'embedded, or kafka://HOST:PORT/CLUSTER' },
  host: { initial: '127.0.0.1', read: host, argument: 'address', help: 'address to listen on' },
  postgresPort: { initial: 5432, read: port, argument: 'port', help: 'port for PostgreSQL clients, 0 = any' },
  mysqlPort: { initial: 3306, read: port, argument: 'port', help: 'port for MySQL clients, 0 = any' },
  httpPort: {
    initial: 8080,
    read: port,
    argument: 'port',
    help: 'port for health, metrics and the schema registry, 0 = any',
  },
  postgresDialect: {
    initial: null,
    read: optional(text),
    argument: 'file',
    help: 'module of the SQL dialect of PostgreSQL clients, loaded anew on SIGHUP',
  },
  mysqlDialect: {
    initial: null,
    read: optional(text),
    argument: 'file',
    help: 'the same for MySQL clients',
  },
  serverId: {
    initial: 0,
    read: wordOr('auto', integer(0, 1_000_000)),
    argument: 'number',
    help: "this node's own number among those that share a Kafka log, auto = any that is free, 0 = it has the log alone",
  },
  leaseMs: {
    initial: 15_000,
    read: integer(500, 3_600_000),
    argument: 'ms',
    help: 'how long a node may be silent until others that share its log take its number from it',
  },
  otherEngines: {
    initial: [],
    read: texts,
    argument: 'sockets',
    help: "engine.sock of other nodes on this machine, for gateways while the node's own engine is away",
  },
  registry: {
    initial: null,
    read: optional(httpUrl),
    argument: 'url',
    help: 'a foreign schema registry instead of the built-in one',
  },
  gatewayPlacement: {
    initial: 'process',
    read: oneOf('process', 'engine'),
    argument: 'where',
    help: 'process = gateways in processes of their own, engine = inside the engine, for latency',
  },
  tlsCert: { initial: null, read: optional(text), argument: 'file', help: 'certificate for TLS (PEM)' },
  tlsKey: { initial: null, read: optional(text), argument: 'file', help: 'private key for TLS (PEM)' },
  maxConnections: { initial: 1_000, read: integer(1, 100_000), argument: 'number', help: 'clients at once' },
  logLevel: {
    initial: 'info',
    read: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace'),
    argument: 'level',
    help: 'fatal, error, warn, info, debug or trace',
  },
  commitTimeoutMs: {
    initial: 30_000,
    read: integer(100, 3_600_000),
    argument: 'ms',
    help: 'how long a commit waits for a Kafka log before it fails',
  },
  projections: {
    initial: PROJECTIONS,
    read: listOf(...PROJECTIONS),
    argument: 'names',
    help: 'folds of the log that run beside the engine, separated by commas, or none',
  },
  historyRetentionHours: {
    initial: 0,
    read: integer(0, 10_000_000),
    argument: 'hours',
    help: 'how long versions of rows are kept that were replaced, 0 = for good; the log keeps them anyway',
  },
  olapMemoryMb: {
    initial: 1_024,
    read: integer(128, 1_048_576),
    argument: 'megabytes',
    help: 'memory of analytic queries, beyond which they go to disk',
  },
  rowMemoryMb: {
    initial: 1_024,
    read: integer(16, 1_048_576),
    argument: 'megabytes',
    help: 'rows beyond this leave memory for the disk, largest tables first',
  },
  clock: {
    initial: 'local',
    read: oneOf('local', 'cluster'),
    argument: 'whose',
    help: "local = this machine's time, cluster = the time of `polylog clock` masters",
  },
  clockGroup: {
    initial: '239.255.0.1:5555',
    read: clockGroup,
    argument: 'addresses',
    help: 'multicast ADDRESS:PORT of the clock, or HOST:PORT[,HOST:PORT…] of all its members',
  },
  clockPort: {
    initial: 5555,
    read: integer(1, 65_535),
    argument: 'port',
    help: 'where to listen for the clock when its group is a list',
  },
  clockInterface: {
    initial: '127.0.0.1',
    read: host,
    argument: 'address',
    help: 'interface of the clock, for other machines too when it is not loopback',
  },
};

export const SETTING_NAMES = Object.keys(SETTINGS) as ReadonlyArray<keyof Configuration>;

const words = (name: string): string[] => name.split(/(?=[A-Z])/).map((word) => word.toLowerCase());

/** postgresPort → --postgres-port */
export function flagOf(name: keyof Configuration): string {
  return `--${words(name).join('-')}`;
}

/** postgresPort → POLYLOG_POSTGRES_PORT */
export function variableOf(name: keyof Configuration): string {
  return `POLYLOG_${words(name).join('_').toUpperCase()}`;
}

/** Variables of ours that are no settings of a node. */
const OTHER_VARIABLES = ['PASSWORD', 'USER_PASSWORD', 'CONFIG', 'PROFILE', 'GATEWAY', 'LONG', 'CACHE', 'PG_BIN'].map(
  (name) => `POLYLOG_${name}`,
);

/** A setting that is not understood: names the key and where it stands, and says what is allowed. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

export interface ConfigurationSources {
  /** A JSON file; null = none. */
  readonly file: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** By configuration key. */
  readonly flags: Readonly<Partial<Record<keyof Configuration, unknown>>>;
  /** What the data folder knows of itself: stands in for defaults. */
  readonly remembered?: Readonly<Partial<Record<keyof Configuration, unknown>>>;
}

/** Defaults, then what the data folder remembers, then the file, then the environment, then flags. Throws ConfigurationError. */
export function readConfiguration(sources: ConfigurationSources): Configuration {
  const file = sources.file === null ? new Map<string, unknown>() : readFile(sources.file);
  refuseMisspelt(sources.environment);
  const one = <K extends keyof Configuration>(name: K): Configuration[K] => {
    const { initial, read } = SETTINGS[name];
    const flag = sources.flags[name];
    if (flag !== undefined) return checked(read, flag, flagOf(name));
    const variable = sources.environment[variableOf(name)];
    if (variable !== undefined) return checked(read, variable, variableOf(name));
    if (file.has(name)) return checked(read, file.get(name), `${sources.file}: ${name}`);
    const remembered = sources.remembered?.[name];
    return remembered === undefined ? initial : checked(read, remembered, `what the data folder says of its ${name}`);
  };
  const configuration: Configuration = {
    data: resolve(one('data')),
    log: one('log'),
    host: one('host'),
    postgresPort: one('postgresPort'),
    mysqlPort: one('mysqlPort'),
    httpPort: one('httpPort'),
    postgresDialect: one('postgresDialect'),
    mysqlDialect: one('mysqlDialect'),
    serverId: one('serverId'),
    leaseMs: one('leaseMs'),
    otherEngines: one('otherEngines'),
    registry: one('registry'),
    gatewayPlacement: one('gatewayPlacement'),
    tlsCert: one('tlsCert'),
    tlsKey: one('tlsKey'),
    maxConnections: one('maxConnections'),
    logLevel: one('logLevel'),
    commitTimeoutMs: one('commitTimeoutMs'),
    projections: one('projections'),
    historyRetentionHours: one('historyRetentionHours'),
    olapMemoryMb: one('olapMemoryMb'),
    rowMemoryMb: one('rowMemoryMb'),
    clock: one('clock'),
    clockGroup: one('clockGroup'),
    clockPort: one('clockPort'),
    clockInterface: one('clockInterface'),
  };
  if ((configuration.tlsCert === null) !== (configuration.tlsKey === null))
    throw new ConfigurationError('--tls-cert and --tls-key go together: give both or neither');
  if (configuration.serverId !== 0 && configuration.log === 'embedded')
    throw new ConfigurationError('--server-id is for a log that nodes share: give it with --log kafka://...');
  if (configuration.serverId !== 0 && configuration.registry !== null)
    throw new ConfigurationError('--server-id does not go with a foreign --registry yet');
  return configuration;
}

function checked<T>(read: SettingReader<T>, value: unknown, where: string): T {
  try {
    return read(value);
  } catch (error) {
    throw new ConfigurationError(`${where}: ${JSON.stringify(value)} ${(error as Error).message}`);
  }
}

/** A variable that is nearly one of ours would otherwise do nothing, in silence. */
function refuseMisspelt(environment: ConfigurationSources['environment']): void {
  const known = [...SETTING_NAMES.map(variableOf), ...OTHER_VARIABLES];
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('POLYLOG_') || known.includes(name)) continue;
    const meant = nearestName(
      name.slice('POLYLOG_'.length),
      known.map((each) => each.slice('POLYLOG_'.length)),
    );
    if (meant !== null) throw new ConfigurationError(`${name} is not a setting; did you mean POLYLOG_${meant}?`);
  }
}

/** Settings of a file by their keys. A group may be written as an object: {"gateway": {"placement": …}} is gatewayPlacement. */
function readFile(path: string): Map<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigurationError(`${path} cannot be read as JSON: ${(error as Error).message}`);
  }
  if (!isObject(content)) throw new ConfigurationError(`${path} must hold a JSON object`);
  const settings = new Map<string, unknown>();
  for (const [written, value] of flattened(content, '')) {
    const name = written.replace(/\.(.)/g, (_dot, letter: string) => letter.toUpperCase());
    if (!Object.hasOwn(SETTINGS, name)) throw new ConfigurationError(`${path}: ${unknownKey(written)}`);
    if (settings.has(name)) throw new ConfigurationError(`${path}: "${written}" is given twice`);
    settings.set(name, value);
  }
  return settings;
}

function unknownKey(written: string): string {
  const meant = nearestName(written.replaceAll('.', ''), SETTING_NAMES);
  return `unknown key "${written}"; ${meant === null ? `known are ${SETTING_NAMES.join(', ')}` : `did you mean "${meant}"?`}`;
}

function* flattened(group: Readonly<Record<string, unknown>>, prefix: string): Iterable<[string, unknown]> {
  for (const [key, value] of Object.entries(group)) {
    if (isObject(value)) yield* flattened(value, `${prefix}${key}.`);
    else yield [prefix + key, value];
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
