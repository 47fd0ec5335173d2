import type { AnalyticColumnId, AnalyticPlan } from '#schemas/analytics/plan.js';
import type { Offset } from '#schemas/kernel/brand.js';
import type { Clock } from '#schemas/kernel/ports.js';
import { ANALYTIC_ASK, ANALYTIC_TELL, type AnalyticOpen, type AnalyticRequest } from '#schemas/link/analytic-frames.js';
import type { FrameSocket } from '#schemas/link/frame-socket.js';
import { type LinkServer, listenFrames } from '#schemas/link/socket-transport.js';
import type { Row } from '#schemas/values/value.js';
import { Readings } from './readings.js';

/** Who answers analytic queries. */
export interface AnalyticSource {
  /** Everything below this offset is applied. */
  readonly applied: Offset;
  /** Resolves when everything below `offset` is applied. */
  waitFor(offset: Offset, signal: AbortSignal): Promise<void>;
  /** Batches in Arrow's stream format. */
  query(
    plan: AnalyticPlan,
    inputs: Row,
    columns: readonly AnalyticColumnId[],
    snapshot: Offset,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
}

/** How often engines are told how far the tier is. */
const TELL_EVERY_MS = 250;

/** Listens for engines on a Unix socket. */
export function serveAnalytics(path: string, source: AnalyticSource, clock: Clock): Promise<LinkServer> {
  return listenFrames(path, (frames) => serve(frames, source, clock));
}

function serve(frames: FrameSocket, source: AnalyticSource, clock: Clock): void {
  const readings = new Readings<Uint8Array>({
    batch: (reading, arrow) => frames.send([ANALYTIC_TELL.batch, reading, arrow]),
    end: (reading) => frames.send([ANALYTIC_TELL.end, reading]),
    failed: (...failure) => frames.send([ANALYTIC_TELL.failed, ...failure]),
  });
  let told = -1;
  let cancel = (): void => undefined;
  const tell = (): void => {
    cancel = clock.after(TELL_EVERY_MS, tell);
    if (source.applied === told) return;
    told = source.applied;
    frames.send([ANALYTIC_TELL.applied, told]);
  };
  tell();
  frames.onMessage = (message) => receive(frames, source, readings, message as readonly unknown[] as AnalyticRequest);
  frames.onClose = () => {
    cancel();
    readings.stopAll();
  };
}

function receive(
  frames: FrameSocket,
  source: AnalyticSource,
  readings: Readings<Uint8Array>,
  request: AnalyticRequest,
): void {
  switch (request[0]) {
    case ANALYTIC_ASK.open:
      open(source, readings, request);
      return;
    case ANALYTIC_ASK.next:
      void readings.next(request[1]);
      return;
    case ANALYTIC_ASK.stop:
      readings.stop(request[1]);
      return;
    default:
      // Another version of the frames: nothing that is said here can be understood.
      frames.close();
  }
}

function open(
  source: AnalyticSource,
  readings: Readings<Uint8Array>,
  [, number, plan, inputs, columns, snapshot]: AnalyticOpen,
): void {
  readings.open(number, async function* (signal) {
    await source.waitFor(snapshot as Offset, signal);
    yield* source.query(plan, inputs, columns, snapshot as Offset, signal);
  });
}
