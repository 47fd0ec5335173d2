import type { CertifierLimits } from '#log/transactions/certifier.js';
import type { Offset, Partition, ServerId } from '#schemas/kernel/brand.js';
import type { Gate } from './gate.js';
import type { LogClient } from './log-client.js';
import type { PlantedBug } from './planted-bugs.js';
import type { Referee } from './referee.js';
import type { SeededRandom } from './seeded-random.js';
import type { SimulatedDisk } from './simulated-disk.js';
import type { MachineClock } from './virtual-clock.js';

/** What the process of an engine is given of its world. */
export interface EngineSurroundings {
  readonly name: string;
  readonly partition: Partition;
  readonly server: ServerId;
  readonly client: LogClient;
  readonly clock: MachineClock;
  readonly disk: SimulatedDisk;
  readonly random: SeededRandom;
  readonly limits: CertifierLimits;
  readonly bug: PlantedBug | null;
  /** Something that makes no sense has come about. */
  fail(error: unknown): void;
  /** It has found that somebody else has its server id: as a process, it ends. */
  end(why: string): void;
}

/** What a client of an engine is given. */
export interface SessionSurroundings {
  readonly name: string;
  /** Of the process, as the log knows it. */
  readonly holder: string;
  readonly partition: Partition;
  readonly gate: Gate;
  readonly random: SeededRandom;
  readonly referee: Referee;
  /** Says in the trace what the client does. */
  readonly note: (what: string) => void;
  /** The process has ended: nobody hears its answers any more. */
  readonly ended: () => boolean;
}

/** An engine that serves. */
export interface RunningEngine {
  /** One transaction of one client, from its beginning to its end. */
  serve(around: SessionSurroundings): Promise<void>;
  /** Takes what it holds to disk; null where it keeps nothing there. */
  readonly flush: (() => Promise<void>) | null;
  /** Everything below was folded or committed by it. */
  readonly reached: Offset;
  /** Of what it holds, when nobody is at work. */
  digest(): Promise<string>;
}

export type StartEngine = (surroundings: EngineSurroundings) => Promise<RunningEngine>;
