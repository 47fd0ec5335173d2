import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Engine } from '#engines/serve/engine.js';
import type { Sharing } from '#engines/serve/log-holding.js';
import type { ChangeLog } from '#log/change-log.js';
import { inProcessLink } from '#schemas/link/in-process-transport.js';
import { listenLink } from '#schemas/link/socket-transport.js';
import type { Statement } from '#schemas/program/statement.js';
import { ExternalRegistry } from '#schemas/registry/external.js';
import type { Configuration } from '../config/configuration.js';
import { watchHeap } from '../ports/heap-watch.js';
import { systemRandom } from '../ports/system-clock.js';
import { answerCalls } from './calls.js';
import { openClock } from './clock-source.js';
import { printDigestColumns } from './digest-columns.js';
import { type EngineFigures, type EngineProcessConfig, type EngineReady, REFUSED } from './engine-contract.js';
import { gatewayInside } from './gateway-inside.js';
import { Latency } from './latency.js';
import { openLog } from './log-source.js';
import { openLogger } from './logger.js';
import { onStoreFull } from './on-store-full.js';
import { runForOperator } from './operator-session.js';
import { registryCalls } from './registry-calls.js';
import { rememberedTerm, rememberTerm } from './remembered-term.js';
import type { EngineDigests } from './verification.js';

/** Errors of a start that would fail the same way again, until somebody does something about it. */
const REFUSALS: ReadonlySet<string> = new Set(['LogCorrupted', 'LogLocked', 'LogNotUnderstood', 'DriverMissing']);

/** Longer than a broker that is well takes. */
const WAIT_NOTE_MS = 3_000;

async function run(): Promise<void> {
  const { configuration, socketPath, user, database, passwords, holder, projectionSockets } = await received();
  const logger = openLogger('engine', configuration.logLevel);
  const { clock, uncertaintyMicros, status: clockStatus } = await openClock(configuration, logger);
  const commitLatency = new Latency();
  const appendLatency = new Latency();
  const log = await openedLog(configuration, logger);
  const storeFolder = join(configuration.data, 'store');
  const engine = await Engine.open({
    log,
    storeFolder,
    sharing: sharingOf(configuration),
    onCannotFollow: (error) => {
      logger.fatal({ err: error }, 'cannot follow the log');
      process.exit(1);
    },
    rowMemoryBytes: configuration.rowMemoryMb * 1_048_576,
    clock,
    uncertaintyMicros,
    random: systemRandom,
    registry:
      configuration.registry === null
        ? null
        : new ExternalRegistry(configuration.registry, (url, options) => fetch(url, options)),
    bootstrap: { user, password: passwords[0] ?? '' },
    holder,
    projectionSockets,
    nextTurn: () => nextTurn(),
    isMemoryShort: watchHeap(),
    reportBug: (error) => logger.error({ err: error }, 'internal error'),
    onStoreDamaged: (damage) => {
      logger.fatal({ err: damage }, 'the rows on disk are damaged: starting anew from the log');
      rmSync(storeFolder, { recursive: true, force: true });
      process.exit(1);
    },
    onStoreFull: onStoreFull(storeFolder, logger),
    onOvertaken:
      configuration.log === 'embedded'
        ? null
        : (error) => {
            logger.fatal({ err: error }, 'another node has taken over this log');
            process.exit(error.byLease ? REFUSED : 1);
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
  answerCalls({
    statistics: (): EngineFigures => ({
      ...engine.statistics(),
      commitLatency: commitLatency.snapshot(),
      appendLatency: appendLatency.snapshot(),
      gateway: inside?.statistics() ?? null,
      memory: process.memoryUsage(),
      clusterClock: clockStatus(),
    }),
    digests: () => digestsOf(engine),
    run: (statement: Statement) => runForOperator(engine, database, statement),
    ...registryCalls(engine.registry),
  });
  stopWhenTold(logger, async () => {
    await inside?.drain();
    server.close();
    await engine.close();
    await log.close();
  });
  const { recoveredEvents, recoveryMs, durableOffset } = engine.statistics();
  logger.info({ recoveredEvents, recoveryMs: Math.round(recoveryMs), durableOffset }, 'engine ready');
  const password = passwords.findIndex((candidate) => engine.isPassword(user, candidate));
  process.send?.({ kind: 'ready', port: inside?.port ?? null, password } satisfies EngineReady);
}

function sharingOf({ serverId, leaseMs, data }: Configuration): Sharing | null {
  if (serverId === 0) return null;
  return { server: serverId, leaseMs, held: rememberedTerm(data), taken: (term) => rememberTerm(data, term) };
}

async function digestsOf(engine: Engine): Promise<EngineDigests> {
  const { offset, tables } = await engine.digests();
  const requests = tables.map(({ table, name, columns }) => ({ table, name, columns: printDigestColumns(columns) }));
  // Of a table nothing else: the channel carries JSON, in which not every default of a column has a form.
  const found = tables.map(({ table, rows, digest }) => ({ table, rows, digest }));
  return { tier: 'engine', offset, tables: found, requests };
}

/** Opening takes as long as a broker takes to answer; who looks at the log is to see why nothing happens. */
async function openedLog(configuration: Configuration, logger: Logger): Promise<ChangeLog> {
  const note = setTimeout(() => logger.warn({ log: configuration.log }, 'waiting for the log'), WAIT_NOTE_MS);
  try {
    return await openLog(configuration, (torn) =>
      logger.warn(torn, 'cut the end of the log: a write broke off there, and nothing of it was acknowledged'),
    );
  } finally {
    clearTimeout(note);
  }
}

/** Ends the process by `end`, once: at a signal, or when the supervisor is gone. */
function stopWhenTold(logger: Logger, end: () => Promise<void>): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
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
}

/** The supervisor's first message. It comes by the channel, not as an argument: process lists show those. */
function received(): Promise<EngineProcessConfig> {
  return new Promise((resolve) => process.once('message', (message) => resolve(message as EngineProcessConfig)));
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
  const refused = error instanceof Error && REFUSALS.has(error.name);
  const isAway = error instanceof Error && error.name === 'LogUnavailable';
  // The supervisor says it to the user; what nobody foresaw also leaves its stack in the log.
  if (!refused && !isAway) openLogger('engine', 'error').fatal({ err: error }, 'the engine cannot start');
  const advice = isAway ? '; does it run, and is --log right?' : '';
  process.send?.({ kind: 'failed', message: message + advice }, () => process.exit(refused ? REFUSED : 1));
});
