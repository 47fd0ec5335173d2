import { randomBytes } from 'node:crypto';
import type { Clock } from '#schemas/kernel/ports.js';
import { inProcessLink } from '#schemas/link/in-process-transport.js';
import { EngineLink } from '../link/engine-link.js';
import { StatementCache } from '../sql/statement-cache.js';
import { dialect } from './dialect/dialect.js';
import { FakeEngine } from './fake-engine.suite.js';
import { type GatewayOptions, PostgresGateway } from './listen.js';

/** A gateway over a fake engine, listening on a free port of loopback; for tests. */
export interface TestGateway {
  readonly gateway: PostgresGateway;
  readonly engine: FakeEngine;
  readonly link: EngineLink;
  readonly port: number;
  /** Errors that were bugs. */
  readonly bugs: unknown[];
  close(): Promise<void>;
}

const testClock: Clock = {
  // biome-ignore lint/style/noRestrictedGlobals: tests run in real time
  nowMicros: () => BigInt(Date.now()) * 1000n,
  monotonicMs: () => performance.now(),
  after: (ms, run) => {
    // biome-ignore lint/style/noRestrictedGlobals: tests run in real time
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export async function startTestGateway(options: Partial<GatewayOptions> = {}): Promise<TestGateway> {
  const engine = new FakeEngine();
  const connect = () => {
    const { client, peer } = inProcessLink();
    engine.attach(peer);
    return Promise.resolve(client);
  };
  const link = new EngineLink({ connect, protocol: 'postgres', pid: 1, clock: testClock });
  await link.start();
  const bugs: unknown[] = [];
  const gateway = new PostgresGateway({
    link,
    clock: testClock,
    random: { bytes: (length) => randomBytes(length) },
    source: new StatementCache(dialect),
    tls: null,
    maxConnections: 100,
    onBug: (error) => bugs.push(error),
    ...options,
  });
  const port = await gateway.listen('127.0.0.1', 0);
  const close = async (): Promise<void> => {
    await gateway.drain(100);
    link.close();
  };
  return { gateway, engine, link, port, bugs, close };
}
