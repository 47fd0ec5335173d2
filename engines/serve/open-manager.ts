import type { HybridClock } from '#log/clock/hybrid.js';
import { millisOf, VersionMint } from '#log/clock/hybrid-clock.js';
import { FIRST_USER_OBJECT } from '#schemas/events/event.js';
import type { Recovered, RecoveryOptions } from '../tx/recovery.js';
import { TransactionManager } from '../tx/transaction-manager.js';
import type { Write } from '../tx/unit.js';
import type { EngineOptions } from './engine.js';
import { ownLog, serverOf, sharedLog } from './log-holding.js';

/** What the catalog is told and asked. */
export interface CatalogSide {
  /** Committed writes, before anybody sees them. */
  decided(writes: readonly Write[]): void;
  /** Another engine has changed system tables; what it defined is to be written from here, too. */
  definedElsewhere(): Promise<void>;
  whenReserved(): Promise<void> | null;
}

/** The transactions of an engine that holds its server id, over a log that it has alone, or follows from here on. */
export function openManager(
  options: EngineOptions,
  parts: RecoveryOptions,
  clock: HybridClock,
  taken: { readonly recovered: Recovered; readonly epoch: number; readonly lease: Parameters<typeof sharedLog>[4] },
  catalog: CatalogSide,
): TransactionManager {
  const { recovered, epoch, lease } = taken;
  const { store, codec, certifier, partition } = parts;
  const shared =
    options.sharedAs === null
      ? null
      : sharedLog(options, parts, clock, recovered, lease, {
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
    server: serverOf(options.sharedAs),
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
  return manager;
}
