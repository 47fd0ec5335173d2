import { LevelRows } from '#engines/rows/level-rows.js';
import { Store } from '#engines/rows/store.js';
import { Checkpointer } from '#engines/tx/checkpointer.js';
import type { EngineTransaction } from '#engines/tx/engine-transaction.js';
import { recover } from '#engines/tx/recovery.js';
import type { Transaction, TransactionOptions } from '#engines/tx/transaction.js';
import { TransactionManager } from '#engines/tx/transaction-manager.js';
import type { StoredRecord } from '#log/change-log.js';
import { HybridClock } from '#log/clock/hybrid.js';
import { millisOf, VersionMint } from '#log/clock/hybrid-clock.js';
import { type ForeignRecord, Overtaken, SoleWriterLog } from '#log/servers/sole-writer-log.js';
import { Certifier } from '#log/transactions/certifier.js';
import type { Leases } from '#log/transactions/leases.js';
import type { EventCodec } from '#schemas/events/codec.js';
import type { ObjectId, VersionId } from '#schemas/kernel/brand.js';
import { ACCOUNTS, accountsCodec } from './accounts.js';
import { bugInCertifier } from './planted-bugs.js';
import type { EngineSurroundings } from './running-engine.js';

/**
 * The lower half of an engine as it runs in a node: the real store, recovery, lease, locks and commits; only the world around it is simulated. What it holds in memory is gone when the
 * process is.
 */
export class EngineProcess {
  readonly name: string;
  readonly manager: TransactionManager;
  readonly store: Store;
  readonly checkpointer: Checkpointer;

  private constructor(name: string, manager: TransactionManager, store: Store, checkpointer: Checkpointer) {
    this.name = name;
    this.manager = manager;
    this.store = store;
    this.checkpointer = checkpointer;
  }

  static async start(surroundings: EngineSurroundings): Promise<EngineProcess> {
    const { name, partition, server, client, clock, disk, random, limits, bug } = surroundings;
    const codec = accountsCodec();
    // Without memory rows leave it at every flush, and are read from disk.
    const memoryBytes = random.pick([0, 1 << 20]);
    const storeLimits = { memoryBytes, hotBytes: 1 << 20, rowsPerBatch: 2 };
    const store = await Store.on(new LevelRows(disk.open(name)), storeLimits);
    const certifier = bugInCertifier(bug, limits) ?? new Certifier(limits);
    const shapes = {
      shapeOf: (id: ObjectId) => (id === ACCOUNTS.id ? ACCOUNTS : null),
      systemRowsChanged: () => undefined,
    };
    const found = await recover({ store, log: client, partition, codec, certifier, shapes });
    const epoch = found.leases.epochOf(server) + 1;
    const hybrid = new HybridClock(clock, BigInt(found.newestMicros));
    const timestamp = Number(hybrid.nowMicros());
    const lease = codec.encode({ kind: 'lease', action: 'taken', server, epoch, holder: name, timestamp });
    const leaseOffset = await client.append(partition, [{ key: null, value: lease, timestampMs: 0 }]);
    codec.reset();
    const recovered = await found.catchUp();
    const { durable, leases, lastVersion, newestMicros } = recovered;
    if (!leases.isHeldBy(server, leaseOffset)) throw new Overtaken(leaseOffset, true);
    hybrid.observe(BigInt(newestMicros));
    const own = new SoleWriterLog({
      log: client,
      partition,
      next: durable,
      clock,
      meaningOf: (record) => meaningOf(record, codec, leases),
      overtaken: (error) => surroundings.end(error.message),
    });
    const manager = new TransactionManager({
      store,
      log: bug === 'fence skipped' ? client : own,
      partition,
      encoder: codec,
      clock: hybrid,
      mint: new VersionMint(hybrid, random, lastVersion === null ? 0 : millisOf(lastVersion) + 1),
      server,
      epoch,
      certifier,
      durable,
      commitTimeoutMs: 2_000,
    });
    const checkpointer = new Checkpointer({
      store,
      manager,
      log: client,
      partition,
      clock,
      leases,
      verdicts: null,
      onFailure: (error) => surroundings.fail(error),
    });
    return new EngineProcess(name, manager, store, checkpointer);
  }

  begin(options: TransactionOptions): Transaction {
    return this.manager.begin(options);
  }
}

/** The id under which a transaction stands in the log; null before it was sent. */
export function idOf(transaction: Transaction): VersionId | null {
  return (transaction as EngineTransaction).unit.id;
}

function meaningOf({ key, value }: StoredRecord, codec: EventCodec, leases: Leases): ForeignRecord {
  const event = codec.decode(value, key);
  if (event.kind === 'lease') return 'lease';
  return leases.holds(event.server, event.transaction, event.commit) ? 'counts' : 'void';
}
