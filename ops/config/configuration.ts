import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Everything a node can be told. Keys are the same in the file, in the environment (POLYLOG_…) and as flags. */
export interface Configuration {
  /** Folder of the node: log, sockets, superuser file. */
  readonly data: string;
  /** 'embedded' or kafka://HOST:PORT[,…]/CLUSTER. */
  readonly log: string;
  readonly host: string;
  readonly postgresPort: number;
  readonly mysqlPort: number;
  readonly httpPort: number;
  /** URL of a foreign schema registry; null = the built-in one. */
  readonly registry: string | null;
  /** 'process' = a gateway has its own process; 'engine' = it runs inside the engine's. */
  readonly gatewayPlacement: 'process' | 'engine';
  /** Files with PEM texts; both or neither. */
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
  readonly maxConnections: number;
  readonly logLevel: string;
  /** How long a commit waits for the log before it fails, milliseconds. */
  readonly commitTimeoutMs: number;
}

interface Key {
  readonly flag: string;
  readonly environment: string;
  readonly initial: unknown;
  /** Checks and converts; throws an Error that says what is allowed. */
  readonly read: (value: unknown) => unknown;
}

const text = (value: unknown): string => {
  if (typeof value !== 'string' || value === '') throw new Error('must be a text');
  return value;
};
const optionalText = (value: unknown): string | null => (value === null || value === '' ? null : text(value));
const integer =
  (low: number, high: number) =>
  (value: unknown): number => {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < low || number > high)
      throw new Error(`must be a whole number from ${low} to ${high}`);
    return number;
  };
const oneOf =
  (...allowed: readonly string[]) =>
  (value: unknown): string => {
    if (typeof value !== 'string' || !allowed.includes(value)) throw new Error(`must be one of ${allowed.join(', ')}`);
    return value;
  };
const logUrl = (value: unknown): string => {
  const url = text(value);
  if (url !== 'embedded' && !/^kafka:\/\/[^/]+\/[A-Za-z0-9._-]+$/.test(url))
    throw new Error('must be embedded or kafka://HOST:PORT/CLUSTER');
  return url;
};
const port = integer(0, 65_535);

const KEYS: { readonly [K in keyof Configuration]: Key } = {
  data: { flag: '--data', environment: 'POLYLOG_DATA', initial: 'data', read: text },
  log: { flag: '--log', environment: 'POLYLOG_LOG', initial: 'embedded', read: logUrl },
  host: { flag: '--host', environment: 'POLYLOG_HOST', initial: '127.0.0.1', read: text },
  postgresPort: { flag: '--postgres-port', environment: 'POLYLOG_POSTGRES_PORT', initial: 5432, read: port },
  mysqlPort: { flag: '--mysql-port', environment: 'POLYLOG_MYSQL_PORT', initial: 3306, read: port },
  httpPort: { flag: '--http-port', environment: 'POLYLOG_HTTP_PORT', initial: 8080, read: port },
  registry: { flag: '--registry', environment: 'POLYLOG_REGISTRY', initial: null, read: optionalText },
  gatewayPlacement: {
    flag: '--gateway-placement',
    environment: 'POLYLOG_GATEWAY_PLACEMENT',
    initial: 'process',
    read: oneOf('process', 'engine'),
  },
  tlsCert: { flag: '--tls-cert', environment: 'POLYLOG_TLS_CERT', initial: null, read: optionalText },
  tlsKey: { flag: '--tls-key', environment: 'POLYLOG_TLS_KEY', initial: null, read: optionalText },
  maxConnections: {
    flag: '--max-connections',
    environment: 'POLYLOG_MAX_CONNECTIONS',
    initial: 1_000,
    read: integer(1, 100_000),
  },
  logLevel: {
    flag: '--log-level',
    environment: 'POLYLOG_LOG_LEVEL',
    initial: 'info',
    read: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace'),
  },
  commitTimeoutMs: {
    flag: '--commit-timeout-ms',
    environment: 'POLYLOG_COMMIT_TIMEOUT_MS',
    initial: 30_000,
    read: integer(100, 3_600_000),
  },
};

/** A setting that is not understood: names the key and where it stands. */
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
  const values: { -readonly [K in keyof Configuration]?: unknown } = {};
  const file = sources.file === null ? {} : readFile(sources.file);
  for (const key of Object.keys(file)) {
    if (!(key in KEYS))
      throw new ConfigurationError(`${sources.file}: unknown key "${key}"; known are ${Object.keys(KEYS).join(', ')}`);
  }
  for (const [name, key] of Object.entries(KEYS)) {
    const flag = sources.flags[name as keyof Configuration];
    const variable = sources.environment[key.environment];
    if (flag !== undefined) values[name as keyof Configuration] = check(key, flag, key.flag);
    else if (variable !== undefined) values[name as keyof Configuration] = check(key, variable, key.environment);
    else if (name in file) values[name as keyof Configuration] = check(key, file[name], `${sources.file}: ${name}`);
    else values[name as keyof Configuration] = sources.remembered?.[name as keyof Configuration] ?? key.initial;
  }
  const configuration = values as Configuration;
  if ((configuration.tlsCert === null) !== (configuration.tlsKey === null))
    throw new ConfigurationError('--tls-cert and --tls-key go together: give both or neither');
  return { ...configuration, data: resolve(configuration.data) };
}

function check(key: Key, value: unknown, where: string): unknown {
  try {
    return key.read(value);
  } catch (error) {
    throw new ConfigurationError(`${where}: ${JSON.stringify(value)} ${(error as Error).message}`);
  }
}

function readFile(path: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigurationError(`${path} cannot be read as JSON: ${(error as Error).message}`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new ConfigurationError(`${path} must hold a JSON object`);
  return content as Record<string, unknown>;
}
