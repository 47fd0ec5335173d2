import type { HybridClock } from '#log/clock/hybrid.js';
import { millisOf, VersionMint } from '#log/clock/hybrid-clock.js';
import type { DeciderState } from '#log/transactions/decider.js';
import { FIRST_USER_OBJECT } from '#schemas/events/event.js';
import type { Offset } from '#schemas/kernel/brand.js';
import type { RecoveryOptions } from '../tx/recovery.js';
import { TransactionManager } from '../tx/transaction-manager.js';
import type { Write } from '../tx/unit.js';
import type { EngineOptions } from './engine.js';
import { ownLog, sharedLog, type TakenLog } from './log-holding.js';

/** Of the ten seconds in which a node must have stopped. */
const RELEASE_MS = 1_500;

/** What the catalog is told and asked. */
export interface CatalogSide {
  /** Committed writes, before anybody sees them. */
  decided(writes: readonly Write[]): void;
  /** Another engine has changed system tables; what it defined is to be written from here, too. */
  definedElsewhere(): Promise<void>;
  whenReserved(): Promise<void> | null;
}

export interface OpenedManager {
  readonly manager: TransactionManager;
  /** See CheckpointerOptions. */
  readonly verdicts: ((durable: Offset) => DeciderState | null) | null;
  /** Gives the server id back, when there are no more transactions. */
  leave(): Promise<void>;
}

/**
 * The transactions of an engine that holds its server id, over a log that it has alone, or follows from here on.
 */
export function openManager(
  options: EngineOptions,
  parts: RecoveryOptions,
  clock: HybridClock,
  taken: TakenLog,
  catalog: CatalogSide,
): OpenedManager {
  const { recovered, server, epoch } = taken;
  const { sharing } = options;
  const { store, codec, certifier, partition } = parts;
  const shared =
    sharing === null
      ? null
      : sharedLog(options, sharing, parts, clock, taken, {
          defined: (writes) => {
            catalog.decided(writes);
            if (writes.some(({ data }) => data.id < FIRST_USER_OBJECT))
              catalog.definedElsewhere().catch(options.onCannotFollow);
          },
          committed: (writes, offset) => manager.committedElsewhere(writes, offset),
        });
  const floor = recovered.lastVersion === null ? 0 : millisOf(recovered.lastVersion) + 1;
  const manager: TransactionManager = new TransactionManager({
    store,
    log: shared?.log ?? ownLog(options, codec, recovered),
    partition,
    encoder: codec,
    clock,
    mint: new VersionMint(clock, options.random, floor),
    server,
    epoch,
    certifier,
    durable: recovered.durable,
    commitTimeoutMs: options.commitTimeoutMs,
    uncertaintyMicros: options.uncertaintyMicros,
    shared:
      shared === null
        ? null
        : {
            verdictAt: (offset) => shared.follower.verdictAt(offset),
            whenReserved: () => catalog.whenReserved(),
          },
  });
  manager.onDecided((writes) => catalog.decided(writes));
  shared?.log.follow().catch(options.onCannotFollow);
  shared?.keeper.start();
  const leave = async (): Promise<void> => {
    if (shared === null) return;
    // Others wait less for the lease then; where the log does not answer they wait until it is over.
    const released = shared.keeper.release().catch(() => undefined);
    await Promise.race([released, new Promise<void>((resolve) => clock.after(RELEASE_MS, resolve))]);
  };
  const verdicts = shared === null ? null : (durable: Offset) => shared.follower.state(durable);
  return { manager, verdicts, leave };
}
