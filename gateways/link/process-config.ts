/** What the supervisor tells a gateway process. */
export interface ProcessConfig {
  /** The engine's link socket. */
  readonly socketPath: string;
  /** Of further engines, which are tried in their order while that one is away. */
  readonly otherSockets: readonly string[];
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Files with PEM texts; null = TLS is not offered. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly maxConnections: number;
  /** Module of the dialect; null = PostgreSQL's own. */
  readonly pluginPath: string | null;
}

/** Reads the JSON in the first argument or in POLYLOG_GATEWAY. Throws an Error that names the wrong key. */
export function readConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ProcessConfig {
  const text = argv[0] ?? environment['POLYLOG_GATEWAY'];
  if (text === undefined)
    throw new Error('the gateway needs its configuration as JSON in its first argument or in POLYLOG_GATEWAY');
  const json: unknown = JSON.parse(text);
  if (typeof json !== 'object' || json === null) throw new Error('the gateway configuration is not an object');
  const given = new Map<string, unknown>(Object.entries(json));
  return {
    socketPath: string(given, 'socketPath', null),
    otherSockets: strings(given, 'otherSockets'),
    host: string(given, 'host', '127.0.0.1'),
    port: integer(given, 'port', 5432),
    tls: tlsOf(given.get('tls')),
    maxConnections: integer(given, 'maxConnections', 1_000),
    pluginPath: given.get('pluginPath') == null ? null : string(given, 'pluginPath', null),
  };
}

function string(given: ReadonlyMap<string, unknown>, key: string, initial: string | null): string {
  const value = given.get(key) ?? initial;
  if (typeof value !== 'string') throw new Error(`gateway configuration: ${key} must be a string`);
  return value;
}

function strings(given: ReadonlyMap<string, unknown>, key: string): readonly string[] {
  const value = given.get(key) ?? [];
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string'))
    throw new Error(`gateway configuration: ${key} must be a list of strings`);
  return value;
}

function integer(given: ReadonlyMap<string, unknown>, key: string, initial: number): number {
  const value = given.get(key) ?? initial;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
    throw new Error(`gateway configuration: ${key} must be a whole number`);
  return value;
}

function tlsOf(value: unknown): ProcessConfig['tls'] {
  if (value == null) return null;
  if (
    typeof value === 'object' &&
    'cert' in value &&
    'key' in value &&
    typeof value.cert === 'string' &&
    typeof value.key === 'string'
  ) {
    return { cert: value.cert, key: value.key };
  }
  throw new Error('gateway configuration: tls must have the files cert and key');
}
