import { readFileSync } from 'node:fs';
import { EngineLink } from '#gateways/link/engine-link.js';
import { dialect } from '#gateways/postgres/dialect/dialect.js';
import { PostgresGateway } from '#gateways/postgres/listen.js';
import { StatementCache } from '#gateways/sql/statement-cache.js';
import type { Clock } from '#schemas/kernel/ports.js';
import type { LinkClient } from '#schemas/link/frames.js';
import type { Configuration } from '../config/configuration.js';
import { systemRandom } from '../ports/system-clock.js';
import type { GatewayFigures } from './engine-contract.js';

const DRAIN_MS = 5_000;

/** A PostgreSQL gateway inside the engine's process: no socket in between, at the price of one event loop for both. */
export async function gatewayInside(
  configuration: Configuration,
  clock: Clock,
  connect: () => LinkClient,
  onBug: (error: unknown) => void,
): Promise<{ readonly port: number; drain(): Promise<void>; statistics(): GatewayFigures }> {
  const link = new EngineLink({
    connect: () => Promise.resolve(connect()),
    protocol: 'postgres',
    pid: process.pid,
    clock,
  });
  await link.start();
  const { tlsCert, tlsKey } = configuration;
  const source = new StatementCache(dialect);
  const gateway = new PostgresGateway({
    link,
    clock,
    random: systemRandom,
    source,
    tls:
      tlsCert === null || tlsKey === null
        ? null
        : { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') },
    maxConnections: configuration.maxConnections,
    onBug,
  });
  const port = await gateway.listen(configuration.host, configuration.postgresPort);
  return {
    port,
    statistics: () => ({
      connections: gateway.sessionCount,
      statementCacheHits: source.hits,
      statementCacheMisses: source.misses,
    }),
    drain: async () => {
      await gateway.drain(DRAIN_MS);
      link.close();
    },
  };
}
