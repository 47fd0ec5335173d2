import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { TIME_SOURCES, type TimeSource } from '#log/clock/beat.js';
import { ClockMaster, type MasterEvent, type SourceReading } from '#log/clock/clock-master.js';
import { type Configuration, ConfigurationError } from '../config/configuration.js';
import { clockApplication } from '../http/clock-application.js';
import { systemClock } from '../ports/system-clock.js';
import { detectTimeSource } from '../ports/time-source.js';
import { openClockGroup } from '../processes/clock-source.js';
import { openLogger } from '../processes/logger.js';

/** How often it is looked where the machine has its time from. */
const SOURCE_CHECK_MS = 10_000;
const MASTER_MAX = 255;

export interface ClockFlags {
  /** 0 = primary. */
  readonly id: string;
  /** One of TIME_SOURCES, or auto. */
  readonly source: string;
  /** Where metrics are answered; absent = nowhere. */
  readonly metricsPort?: string;
}

/** `polylog clock`: tells the cluster its time, or waits to, until it is told to stop. */
export async function runClock(configuration: Configuration, flags: ClockFlags): Promise<void> {
  const id = wholeNumber(flags.id, '--id', MASTER_MAX);
  const metricsPort = flags.metricsPort === undefined ? null : wholeNumber(flags.metricsPort, '--metrics-port', 65_535);
  const given = TIME_SOURCES.find((source) => source === flags.source) ?? null;
  if (given === null && flags.source !== 'auto')
    throw new ConfigurationError(
      `--source: ${JSON.stringify(flags.source)} must be auto or one of ${TIME_SOURCES.join(', ')}`,
    );
  const logger = openLogger('clock', configuration.logLevel);
  const source = await watchSource(given);
  const epochs = new EpochFile(configuration.data);
  const group = await openClockGroup(configuration, logger);
  const master = new ClockMaster({
    id,
    clock: systemClock(),
    group,
    source,
    epoch: epochs.read(),
    onEvent: (event) => {
      if ('epoch' in event) epochs.write(event.epoch);
      note(logger, event);
    },
  });
  const app = metricsPort === null ? null : clockApplication(() => master.status);
  await app?.listen({ host: configuration.host, port: metricsPort ?? 0 });
  master.start();
  const stop = (): void => {
    master.stop();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`The clock runs as master ${id}, with its time from ${source().source}.\n`);
}

/** The machine's source as it was when last looked for, or as it was given. */
async function watchSource(given: TimeSource | null): Promise<() => SourceReading> {
  if (given !== null) return () => ({ source: given, stratum: given === 'local' ? 16 : 1, uncertaintyNs: null });
  let reading = await detectTimeSource();
  setInterval(() => {
    detectTimeSource().then(
      (found) => {
        reading = found;
      },
      () => undefined,
    );
  }, SOURCE_CHECK_MS).unref();
  return () => reading;
}

/** The highest epoch that this master knows of: a restart must not begin below it. */
class EpochFile {
  readonly #path: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#path = join(folder, 'clock-epoch');
  }

  read(): number {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch {
      return 0;
    }
    const epoch = Number(text.trim());
    if (!Number.isSafeInteger(epoch) || epoch < 0)
      throw new ConfigurationError(
        `${this.#path} must hold the number of an epoch: put a higher one than any master has led into it`,
      );
    return epoch;
  }

  write(epoch: number): void {
    writeFileSync(`${this.#path}.new`, `${epoch}\n`, { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

function wholeNumber(text: string, flag: string, max: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number <= max))
    throw new ConfigurationError(`${flag}: ${JSON.stringify(text)} must be a whole number from 0 to ${max}`);
  return number;
}

function note(logger: Logger, event: MasterEvent): void {
  if (event.kind === 'leads') logger.info(event, "this master tells the cluster's time");
  else if (event.kind === 'stands by') logger.info(event, 'this master stands by');
  else if (event.kind === 'same id') logger.error(event, 'another master has the same --id');
  else logger.warn(event, `the machine's clock: ${event.kind}`);
}
