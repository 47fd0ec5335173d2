import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock, Random } from '#schemas/kernel/ports.js';
import type { Dialect } from '../sql/dialect.js';
import { dialectLoader } from '../sql/load-dialect.js';
import { StatementCache } from '../sql/statement-cache.js';
import { connectFirst } from './connect-first.js';
import { EngineLink } from './engine-link.js';
import { type ProcessConfig, readConfig } from './process-config.js';

/** Less than the ten seconds in which a node must have stopped. */
const DRAIN_MS = 5_000;

/** What a protocol's gateway is made of. */
export interface GatewayParts {
  readonly link: EngineLink;
  readonly clock: Clock;
  readonly random: Random;
  readonly dialect: Dialect;
  readonly source: StatementCache;
  /** PEM texts; null = TLS is not offered. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly maxConnections: number;
  readonly onBug: (error: unknown) => void;
}

/** A protocol's gateway as its process needs it. */
export interface ServingGateway {
  readonly sessionCount: number;
  listen(host: string, port: number): Promise<number>;
  /** New connections use these from now on. */
  replaceDialect(dialect: Dialect, source: StatementCache): void;
  drain(graceMs: number): Promise<void>;
}

let lastMicros = 0n;
const clock: Clock = {
  // Wall time with the resolution that there is; steps back are held.
  nowMicros: () => {
    const now = BigInt(Date.now()) * 1_000n;
    if (now > lastMicros) lastMicros = now;
    return lastMicros;
  },
  monotonicMs: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Tells the supervisor; without one nobody listens. */
function tell(message: object): void {
  process.send?.(message);
}

/** A gateway's process: reads its configuration, connects to the engine, listens, says that it is ready, and ends when told to. */
export function runGateway(protocol: string, builtIn: Dialect, make: (parts: GatewayParts) => ServingGateway): void {
  const reportBug = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    tell({ kind: 'error', message: text });
    const line = {
      level: 'error',
      time: new Date().toISOString(),
      pid: process.pid,
      name: `gateway-${protocol}`,
      msg: text,
    };
    process.stderr.write(`${JSON.stringify(line)}\n`);
  };
  serve(protocol, builtIn, make, reportBug).catch((error: unknown) => {
    reportBug(error);
    process.exit(1);
  });
}

async function serve(
  protocol: string,
  builtIn: Dialect,
  make: (parts: GatewayParts) => ServingGateway,
  reportBug: (error: unknown) => void,
): Promise<void> {
  const config = readConfig(process.argv.slice(2), process.env);
  const load = dialectLoader(config.pluginPath, builtIn);
  const link = new EngineLink({
    connect: () => connectFirst([config.socketPath, ...config.otherSockets]),
    protocol,
    pid: process.pid,
    clock,
    onChange: (up) => tell({ kind: 'link', up }),
  });
  await link.start();
  const dialect = await load();
  let source = new StatementCache(dialect);
  const random = { bytes: (length: number) => randomBytes(length) };
  const { maxConnections } = config;
  const gateway = make({
    link,
    clock,
    random,
    dialect,
    source,
    tls: pemTexts(config),
    maxConnections,
    onBug: reportBug,
  });
  process.on('SIGHUP', () => {
    load().then((fresh) => {
      source = new StatementCache(fresh);
      gateway.replaceDialect(fresh, source);
    }, reportBug);
  });
  // The supervisor asks for these figures.
  process.on('message', (message: { kind?: unknown; id?: unknown; method?: unknown }) => {
    if (message.kind !== 'call' || message.method !== 'statistics') return;
    const { hits, misses } = source;
    const result = { connections: gateway.sessionCount, statementCacheHits: hits, statementCacheMisses: misses };
    tell({ kind: 'answer', id: message.id, result });
  });
  stopWhenTold(gateway, link, reportBug);
  const port = await gateway.listen(config.host, config.port);
  tell({ kind: 'ready', port });
}

function pemTexts({ tls }: ProcessConfig): GatewayParts['tls'] {
  return tls === null ? null : { cert: readFileSync(tls.cert, 'utf8'), key: readFileSync(tls.key, 'utf8') };
}

function stopWhenTold(gateway: ServingGateway, link: EngineLink, reportBug: (error: unknown) => void): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    gateway.drain(DRAIN_MS).then(() => {
      link.close();
      process.exit(0);
    }, reportBug);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // A supervisor that is gone cannot stop us any more.
  process.on('disconnect', stop);
}
