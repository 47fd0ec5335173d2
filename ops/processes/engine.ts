import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import pino from 'pino';
import type { Administrator, NewUser } from '#engines/serve/add-user.js';
import { Engine } from '#engines/serve/engine.js';
import { LogCorrupted } from '#log/change-log.js';
import { LogLocked } from '#log/embedded/folder-lock.js';
import { inProcessLink } from '#schemas/link/in-process-transport.js';
import { listenLink } from '#schemas/link/socket-transport.js';
import { ExternalRegistry } from '#schemas/registry/external.js';
import { systemClock, systemRandom } from '../ports/system-clock.js';
import { answerCalls } from './calls.js';
import { type EngineProcessConfig, REFUSED } from './exit-codes.js';
import { gatewayInside } from './gateway-inside.js';
import { Latency } from './latency.js';
import { openLog } from './log-source.js';

async function run(): Promise<void> {
  const { configuration, socketPath, user, holder } = JSON.parse(process.argv[2] ?? '{}') as EngineProcessConfig;
  // The password comes by the environment, which no process list shows, and is gone from there at once.
  const password = process.env['POLYLOG_BOOTSTRAP_PASSWORD'] ?? '';
  delete process.env['POLYLOG_BOOTSTRAP_PASSWORD'];
  const logger = pino({ name: 'engine', level: configuration.logLevel }, pino.destination(2));
  const clock = systemClock();
  const commitLatency = new Latency();
  const appendLatency = new Latency();
  const log = await openLog(configuration);
  const storeFolder = join(configuration.data, 'store');
  const engine = await Engine.open({
    log,
    storeFolder,
    clock,
    random: systemRandom,
    registry:
      configuration.registry === null
        ? null
        : new ExternalRegistry(configuration.registry, (url, options) => fetch(url, options)),
    bootstrap: { user, password },
    holder,
    nextTurn: () => nextTurn(),
    reportBug: (error) => logger.error({ err: error }, 'internal error'),
    onStoreDamaged: (damage) => {
      logger.fatal({ err: damage }, 'the rows on disk are damaged: starting anew from the log');
      rmSync(storeFolder, { recursive: true, force: true });
      process.exit(1);
    },
    commitTimeoutMs: configuration.commitTimeoutMs,
    onCommitMs: (ms) => commitLatency.observe(ms),
    onAppendMs: (ms) => appendLatency.observe(ms),
  });
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 });
  const server = await listenLink(socketPath, (peer) => engine.accept(peer));
  const inside =
    configuration.gatewayPlacement === 'engine'
      ? await gatewayInside(configuration, clock, inProcessLinkTo(engine), (error) =>
          logger.error({ err: error }, 'internal error'),
        )
      : null;
  answerCalls(callsOf(engine, commitLatency, appendLatency));
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    const end = async (): Promise<void> => {
      await inside?.drain();
      server.close();
      await engine.close();
      await log.close();
    };
    end().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'the engine did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('disconnect', stop);
  const { recoveredEvents, recoveryMs, durableOffset } = engine.statistics();
  logger.info({ recoveredEvents, recoveryMs: Math.round(recoveryMs), durableOffset }, 'engine ready');
  process.send?.({ kind: 'ready', port: inside?.port ?? null, isPassword: engine.isPassword(user, password) });
}

/** What the supervisor asks for over the process channel. */
function callsOf(engine: Engine, commitLatency: Latency, appendLatency: Latency): Parameters<typeof answerCalls>[0] {
  const { registry } = engine;
  return {
    statistics: () => ({
      ...engine.statistics(),
      commitLatency: commitLatency.snapshot(),
      appendLatency: appendLatency.snapshot(),
      memory: process.memoryUsage(),
    }),
    'user.isPassword': (name: string, password: string) => engine.isPassword(name, password),
    'user.add': (administrator: Administrator, newUser: NewUser) => engine.addUser(administrator, newUser),
    'registry.register': (subject: string, schema: string) => registry.register(subject, schema),
    'registry.subjects': (deleted: boolean) => registry.subjects(deleted),
    'registry.versions': (subject: string) => registry.versions(subject),
    'registry.version': (subject: string, version: string) => registry.version(subject, version),
    'registry.lookup': (subject: string, schema: string) => registry.lookup(subject, schema),
    'registry.schema': (id: number) => registry.schemaById(id),
    'registry.uses': (id: number) => registry.usesOf(id),
    'registry.check': (subject: string, version: string | null, schema: string) =>
      registry.check(subject, version, schema),
    'registry.remove': (subject: string, version: string | null, permanent: boolean) =>
      registry.remove(subject, version, permanent),
    'registry.compatibility': (subject: string) => registry.compatibility(subject),
    'registry.setCompatibility': (subject: string, level: unknown) => registry.setCompatibility(subject, level),
  };
}

function inProcessLinkTo(engine: Engine): () => ReturnType<typeof inProcessLink>['client'] {
  return () => {
    const { client, peer } = inProcessLink();
    engine.accept(peer);
    return client;
  };
}

run().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  const refused =
    error instanceof LogCorrupted ||
    error instanceof LogLocked ||
    (error instanceof Error && error.name === 'DriverMissing');
  process.send?.({ kind: 'failed', message });
  process.stderr.write(
    `polylog engine: ${message}\n${refused ? '' : `${error instanceof Error ? error.stack : ''}\n`}`,
  );
  process.exit(refused ? REFUSED : 1);
});
