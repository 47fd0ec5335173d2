import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '#schemas/kernel/ports.js';
import { connectLink } from '#schemas/link/socket-transport.js';
import { EngineLink } from '../link/engine-link.js';
import { StatementCache } from '../sql/statement-cache.js';
import { PostgresGateway } from './listen.js';
import { loadDialect } from './load-dialect.js';
import { readConfig } from './process-config.js';

/** Less than the ten seconds in which a node must have stopped. */
const DRAIN_MS = 5_000;

const clock: Clock = {
  // Wall time with the resolution that there is; steps back are held.
  nowMicros: () => (lastMicros = maxOf(lastMicros, BigInt(Date.now()) * 1_000n)),
  monotonicMs: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
let lastMicros = 0n;
const maxOf = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** Tells the supervisor; without one nobody listens. */
function tell(message: object): void {
  process.send?.(message);
}

function reportBug(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  tell({ kind: 'error', message: text });
  const line = {
    level: 'error',
    time: new Date().toISOString(),
    pid: process.pid,
    name: 'gateway-postgres',
    msg: text,
  };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

/** The gateway's process: reads its configuration, connects to the engine, listens, says that it is ready, and ends when told to. */
async function run(): Promise<void> {
  const config = readConfig(process.argv.slice(2), process.env);
  const tls =
    config.tls === null
      ? null
      : { cert: readFileSync(config.tls.cert, 'utf8'), key: readFileSync(config.tls.key, 'utf8') };
  const link = new EngineLink({
    connect: () => connectLink(config.socketPath),
    protocol: 'postgres',
    pid: process.pid,
    clock,
    onChange: (up) => tell({ kind: 'link', up }),
  });
  await link.start();
  let source = new StatementCache(await loadDialect(config.pluginPath, 0));
  const gateway = new PostgresGateway({
    link,
    clock,
    random: { bytes: (length) => randomBytes(length) },
    source,
    tls,
    maxConnections: config.maxConnections,
    onBug: reportBug,
  });
  let generation = 0;
  process.on('SIGHUP', () => {
    loadDialect(config.pluginPath, ++generation).then((dialect) => {
      source = new StatementCache(dialect);
      gateway.replaceSource(source);
    }, reportBug);
  });
  // The supervisor asks for these figures.
  process.on('message', (message: { kind?: unknown; id?: unknown; method?: unknown }) => {
    if (message.kind !== 'call' || message.method !== 'statistics') return;
    const { hits, misses } = source;
    const result = { connections: gateway.sessionCount, statementCacheHits: hits, statementCacheMisses: misses };
    tell({ kind: 'answer', id: message.id, result });
  });
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
  const port = await gateway.listen(config.host, config.port);
  tell({ kind: 'ready', port });
}

run().catch((error: unknown) => {
  reportBug(error);
  process.exit(1);
});
