import type { Logger } from 'pino';
import { EXPECTED_UNCERTAINTY_NS } from '#log/clock/beat.js';
import { ClusterClock, type ClusterClockEvent, type ClusterClockStatus } from '#log/clock/cluster-clock.js';
import type { Clock, DatagramGroup } from '#schemas/kernel/ports.js';
import { parseClockGroup } from '../config/clock-group.js';
import type { Configuration } from '../config/configuration.js';
import { systemClock } from '../ports/system-clock.js';
import { openUdpGroup } from '../ports/udp-group.js';

/** Errors of the network are told no more often. */
const ERROR_NOTE_MS = 60_000;

/** The time of a process, and how far it may be wrong. */
export interface OpenedClock {
  readonly clock: Clock;
  readonly uncertaintyMicros: () => number;
  /** Null where the machine's own clock is all there is. */
  readonly status: () => ClusterClockStatus | null;
}

type ClockSettings = Pick<Configuration, 'clock' | 'clockGroup' | 'clockPort' | 'clockInterface'>;

/** The clock that the settings name. Of a machine's own nobody knows how it is kept. */
export async function openClock(settings: ClockSettings, logger: Logger): Promise<OpenedClock> {
  const clock = systemClock();
  const local = EXPECTED_UNCERTAINTY_NS.local / 1_000;
  if (settings.clock === 'local') return { clock, uncertaintyMicros: () => local, status: () => null };
  const group = await openClockGroup(settings, logger);
  const cluster = new ClusterClock({ clock, group, onEvent: (event) => note(logger, event) });
  return { clock: cluster, uncertaintyMicros: () => cluster.uncertaintyMicros(), status: () => cluster.status };
}

/** The group that beats are sent to and heard from. */
export function openClockGroup(settings: Omit<ClockSettings, 'clock'>, logger: Logger): Promise<DatagramGroup> {
  let toldMs = Number.NEGATIVE_INFINITY;
  return openUdpGroup({
    group: parseClockGroup(settings.clockGroup),
    interfaceAddress: settings.clockInterface,
    listenPort: settings.clockPort,
    onError: (error) => {
      if (performance.now() - toldMs < ERROR_NOTE_MS) return;
      toldMs = performance.now();
      logger.warn({ err: error }, 'the network refuses beats of the clock');
    },
  });
}

function note(logger: Logger, event: ClusterClockEvent): void {
  if (event.kind === 'lost') logger.error(event, "the cluster's time is not heard any more: going by this machine's");
  else logger.info(event, "the cluster's time");
}
