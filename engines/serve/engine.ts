import type { ChangeLog } from '#log/change-log.js';
import { HybridClock } from '#log/clock/hybrid.js';
import type { Overtaken } from '#log/servers/sole-writer-log.js';
import { Certifier } from '#log/transactions/certifier.js';
import { COMMIT_EVENT_SCHEMA, SERVER_LEASE_SCHEMA } from '#schemas/events/avro-schema.js';
import { EventCodec } from '#schemas/events/codec.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Clock, Random } from '#schemas/kernel/ports.js';
import type { LinkPeer } from '#schemas/link/frames.js';
import { BuiltInRegistry } from '#schemas/registry/built-in.js';
import { COMMIT_SCHEMA_ID, LEASE_SCHEMA_ID } from '#schemas/registry/fixed-schemas.js';
import type { SchemaRegistry } from '#schemas/registry/registry.js';
import { CatalogStore } from '../catalog/catalog-store.js';
import { createVirtualTables } from '../catalog/virtual-tables.js';
import { EXPRESSION_COMPILER } from '../planner/expression-compiler.js';
import { Store, storeLimits } from '../rows/store.js';
import { damageOf, isWriteRefused, removeStore } from '../rows/store-damage.js';
import { PasswordCache } from '../security/caching-sha2.js';
import { createVerifier, isPasswordOf } from '../security/scram.js';
import { Checkpointer } from '../tx/checkpointer.js';
import { MayBeRepeated } from '../tx/commit-failure.js';
import type { TransactionManager } from '../tx/transaction-manager.js';
import { AnalyticsClient } from './analytics-client.js';
import { GatewayConnection } from './connection.js';
import { EventSchemaRegistrar, EventSchemaStore } from './event-schemas.js';
import { HistoryClient } from './history-client.js';
import { PARTITION, type Sharing, takeLog } from './log-holding.js';
import { openManager } from './open-manager.js';
import type { EngineServices } from './services.js';
import { SessionActivity } from './session-activity.js';
import { type TableDigests, tableDigests } from './table-digests.js';

/** Unix sockets of the projections that engines ask; null = there is none. */
export interface ProjectionSockets {
  readonly ingestion: string | null;
  readonly olap: string | null;
}

export interface EngineOptions {
  readonly log: ChangeLog;
  /** Folder of the rows on disk, which a start may find or make; null = rows in memory, and the whole log is folded at each start. */
  readonly storeFolder: string | null;
  /** Rows beyond this leave memory for the disk, largest tables first. */
  readonly rowMemoryBytes: number;
  readonly clock: Clock;
  /** Bound on the clock's error now, microseconds. */
  readonly uncertaintyMicros: () => number;
  readonly random: Random;
  /** A foreign schema registry; null = the built-in one. */
  readonly registry: SchemaRegistry | null;
  /** First superuser of a fresh cluster. */
  readonly bootstrap: { readonly user: string; readonly password: string };
  /** Who holds the server id: shown in the log. */
  readonly holder: string;
  readonly projectionSockets: ProjectionSockets;
  readonly nextTurn: () => Promise<void>;
  /** More lives in memory than the process can bear for long: long statements are refused then. */
  readonly isMemoryShort: () => boolean;
  reportBug(error: Error): void;
  /** Rows on disk were found damaged while running: the engine must be started anew, without that folder. */
  onStoreDamaged(damage: Error): void;
  /**
   * The rows could not be taken to disk, and perhaps cannot until the engine is started anew; `waitingBytes` of them are in memory only. Told
   * again at every further attempt that fails.
   */
  onStoreFull(error: Error, waitingBytes: number): void;
  /** For a log that others can write into, too: somebody has, and this engine must end at once. Null for a log that is locked. */
  readonly onOvertaken: ((error: Overtaken) => void) | null;
  /** Null = the engine has the log alone. */
  readonly sharing: Sharing | null;
  /** A record of another engine was not understood: this engine is behind from here on, and must end. */
  onCannotFollow(error: Error): void;
  /** How long a client waits for a commit of which the log cannot say whether it stands in it. */
  readonly commitTimeoutMs: number;
  /** Told of each commit: milliseconds from its call to its durability. */
  onCommitMs(ms: number): void;
  /** Told of each append of a commit: milliseconds until the log has acknowledged it. */
  onAppendMs(ms: number): void;
}

/** By as many engines at most as may start at once. */
const DISTURBANCES_MAX = 50;

/** Counters and gauges of an engine, for metrics. */
export interface EngineStatistics {
  readonly commits: number;
  readonly rollbacks: number;
  readonly lockWaits: number;
  readonly deadlocks: number;
  readonly conflicts: number;
  readonly postponed: number;
  readonly activeTransactions: number;
  readonly sessions: number;
  readonly durableOffset: number;
  readonly recoveredEvents: number;
  readonly recoveryMs: number;
  /** Estimated bytes of rows in memory. */
  readonly memtableBytes: number;
  /** Rows of tables not wholly in memory: found in the cache, read from disk. */
  readonly rowCacheHits: number;
  readonly rowCacheMisses: number;
  /** Decided versions that older readers keep, or that wait for collection. */
  readonly versionsHeld: number;
  readonly flushes: number;
  /** Tables that left memory for the disk. */
  readonly releases: number;
  /** How far the time that goes into the log runs ahead of the machine's, which was set back or is behind the log. */
  readonly clockAheadMs: number;
}

/** One transaction engine: the fold of a log, open for gateways. */
export class Engine {
  readonly registry: BuiltInRegistry;
  readonly catalog: CatalogStore;
  readonly #manager: TransactionManager;
  readonly #store: Store;
  readonly #checkpointer: Checkpointer;
  readonly #services: EngineServices;
  readonly #connections: Set<GatewayConnection>;
  readonly #mockSecret: Uint8Array;
  readonly #clock: HybridClock;
  readonly #drains = new WeakMap<LinkPeer, Array<() => void>>();
  readonly #recovery: { readonly events: number; readonly ms: number };
  readonly #leave: () => Promise<void>;

  private constructor(parts: {
    registry: BuiltInRegistry;
    catalog: CatalogStore;
    manager: TransactionManager;
    store: Store;
    checkpointer: Checkpointer;
    clock: HybridClock;
    options: EngineOptions;
    recovery: { events: number; ms: number };
    activity: SessionActivity;
    leave: () => Promise<void>;
  }) {
    this.#leave = parts.leave;
    this.#connections = parts.activity.connections;
    this.registry = parts.registry;
    this.catalog = parts.catalog;
    this.catalog.onChanged(() => this.#catalogChanged());
    this.#manager = parts.manager;
    this.#store = parts.store;
    this.#checkpointer = parts.checkpointer;
    this.#recovery = parts.recovery;
    const { clock } = parts;
    const { random, nextTurn, reportBug, isMemoryShort } = parts.options;
    const { ingestion, olap } = parts.options.projectionSockets;
    this.#clock = clock;
    this.#mockSecret = random.bytes(32);
    this.#services = {
      clock,
      random,
      passwords: new PasswordCache(),
      transactions: parts.manager,
      catalog: parts.catalog,
      rows: parts.store,
      history: ingestion === null ? null : new HistoryClient(ingestion, clock, () => parts.manager.durable),
      analytics: olap === null ? null : new AnalyticsClient(olap, clock),
      nextTurn,
      isMemoryShort,
      reportBug,
      sessionsOf: (user) => this.#sessionsOf(user),
      drained: (peer) => this.#drained(peer),
    };
  }

  /**
   * Replays the log and opens for business. Rows on disk that are damaged are thrown away and folded anew. Throws LogCorrupted and its like when the log cannot be read whole.
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const { storeFolder, reportBug } = options;
    if (storeFolder === null) return Engine.#over(new Store(), options);
    try {
      return await Engine.#overFolder(storeFolder, options);
    } catch (error) {
      const damage = damageOf(error);
      if (damage === null) throw error;
      reportBug(damage);
      await removeStore(storeFolder);
      return Engine.#overFolder(storeFolder, options);
    }
  }

  static async #overFolder(folder: string, options: EngineOptions): Promise<Engine> {
    const store = await Store.open(folder, storeLimits(options.rowMemoryBytes));
    try {
      return await Engine.#over(store, options);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  static async #over(store: Store, given: EngineOptions): Promise<Engine> {
    const clock = new HybridClock(given.clock);
    const options = tellingOfDamage({ ...given, clock });
    const { log, random } = options;
    const began = clock.monotonicMs();
    const certifier = new Certifier();
    const activity = new SessionActivity();
    const schemas = new EventSchemaStore(store);
    const ids = await fixedIds(options.registry);
    const codec = new EventCodec(schemas, ids.commit, ids.lease);
    const registrar = new EventSchemaRegistrar(schemas, options.registry, codec);
    const catalog = new CatalogStore({
      rows: store,
      compiler: EXPRESSION_COMPILER,
      registrar,
      random,
      virtual: createVirtualTables(activity),
      generationGone: (generation) => store.dropTable(generation),
    });
    const fetchSchemas = options.registry === null ? null : schemaFetcher(options.registry, schemas);
    const dirtyBytesMax = options.rowMemoryBytes / 2;
    const parts = { store, log, partition: PARTITION, codec, certifier, shapes: catalog, fetchSchemas, dirtyBytesMax };
    const taken = await takeLog(options, parts, clock);
    const { found, recovered } = taken;
    const { manager, verdicts, leave } = openManager(options, parts, clock, taken, {
      decided: (writes) => catalog.decided(writes),
      definedElsewhere: () => registerShapes(catalog, registrar),
      whenReserved: () => catalog.sequences.whenReserved(),
    });
    manager.onCommitMs = options.onCommitMs;
    manager.onAppendMs = options.onAppendMs;
    catalog.attach(manager);
    schemas.attach(manager);
    await catalog.registerSystemShapes();
    await untilUndisturbed(async () => {
      if (!catalog.empty) return;
      const { user, password } = options.bootstrap;
      await catalog.bootstrap({ user, verifier: createVerifier(password, random) });
    });
    await registerShapes(catalog, registrar);
    const checkpointer = new Checkpointer({
      store,
      manager,
      log,
      partition: PARTITION,
      clock,
      leases: recovered.leases,
      verdicts,
      limits: { dirtyBytes: dirtyBytesMax },
      onFailure: (error) => {
        if (isWriteRefused(error)) options.onStoreFull(error, store.dirty.bytes);
        else options.reportBug(error);
      },
    });
    checkpointer.start();
    store.warmUp((generation) => catalog.shapeOf(generation)).catch(options.reportBug);
    return new Engine({
      registry: new BuiltInRegistry(schemas),
      catalog,
      manager,
      store,
      checkpointer,
      clock,
      options,
      recovery: { events: found.events, ms: clock.monotonicMs() - began },
      activity,
      leave,
    });
  }

  /** Takes a gateway's connection. */
  accept(peer: LinkPeer): void {
    this.#take(peer, false);
  }

  /**
   * Takes a connection of the node's operator, whose sessions need no password. To be given the end of an in-process link only: whoever
   * may run code in this process may do everything anyway.
   */
  acceptOperator(peer: LinkPeer): void {
    this.#take(peer, true);
  }

  /** Name of a superuser, the first one that was made where there are several; null when none is left. */
  superuser(): string | null {
    const all = [...this.catalog.current.users.values()].filter((user) => user.superuser);
    return all.sort((a, b) => a.id - b.id)[0]?.name ?? null;
  }

  #sessionsOf(user: ObjectId): number {
    let count = 0;
    for (const connection of this.#connections)
      for (const session of connection.sessions.values()) if (session.user.id === user) count++;
    return count;
  }

  #take(peer: LinkPeer, trusted: boolean): void {
    const connection = new GatewayConnection(peer, this.#services, this.#mockSecret, trusted, (ended) =>
      this.#connections.delete(ended),
    );
    this.#connections.add(connection);
  }

  /** Whether the user exists, may log in, and has this password. */
  isPassword(user: string, password: string): boolean {
    const entry = this.catalog.current.user(user);
    return entry?.login === true && entry.verifier !== null && isPasswordOf(entry.verifier, password);
  }

  statistics(): EngineStatistics {
    let sessions = 0;
    for (const connection of this.#connections) sessions += connection.sessions.size;
    const { commits, rollbacks, lockWaits, conflicts, postponed } = this.#manager.statistics;
    return {
      commits,
      rollbacks,
      lockWaits,
      conflicts,
      postponed,
      deadlocks: this.#manager.graph.deadlocks,
      activeTransactions: this.#manager.active,
      sessions,
      durableOffset: this.#manager.durable,
      recoveredEvents: this.#recovery.events,
      recoveryMs: this.#recovery.ms,
      memtableBytes: this.#store.memoryBytes,
      rowCacheHits: this.#store.statistics.hits,
      rowCacheMisses: this.#store.statistics.misses,
      versionsHeld: this.#manager.unsettled,
      flushes: this.#store.statistics.flushes,
      releases: this.#store.statistics.releases,
      clockAheadMs: Number(this.#clock.aheadMicros()) / 1_000,
    };
  }

  /** What all tables of users come to now. */
  digests(): Promise<TableDigests> {
    const { nextTurn } = this.#services;
    return tableDigests(this.catalog, this.#manager, this.#store, nextTurn);
  }

  /** Ends the sessions, takes the rows to disk, and gives the server id back. The log is still open. */
  async close(): Promise<void> {
    for (const connection of [...this.#connections]) connection.close();
    try {
      await this.#checkpointer.stop();
      await this.#leave();
    } finally {
      await this.#store.close();
    }
  }

  #catalogChanged(): void {
    for (const connection of this.#connections) connection.catalogChanged();
  }

  #drained(peer: LinkPeer): Promise<void> {
    if (!peer.congested) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.#drains.get(peer);
      if (waiting !== undefined) {
        waiting.push(resolve);
        return;
      }
      const all = [resolve];
      this.#drains.set(peer, all);
      peer.onDrain = () => {
        this.#drains.delete(peer);
        for (const wake of all) wake();
      };
    });
  }
}

function tellingOfDamage(options: EngineOptions): EngineOptions {
  const reportBug = (error: Error): void => {
    options.reportBug(error);
    const damage = damageOf(error);
    if (damage !== null) options.onStoreDamaged(damage);
  };
  return { ...options, reportBug };
}

async function registerShapes(catalog: CatalogStore, registrar: EventSchemaRegistrar): Promise<void> {
  for (const generation of [...catalog.current.generations()]) {
    const shape = catalog.current.shapeOfGeneration(generation);
    if (shape !== null) await untilUndisturbed(() => registrar.register(shape.event));
  }
}

/** What an engine writes of itself another may write at the same moment, where they share the log: then it looks again at what is there. */
async function untilUndisturbed(run: () => Promise<unknown>): Promise<void> {
  for (let times = 1; ; times++) {
    try {
      await run();
      return;
    } catch (error) {
      if (!(error instanceof MayBeRepeated) || times === DISTURBANCES_MAX) throw error;
    }
  }
}

/** Ids of the two fixed events: the built-in registry's own, or what a foreign one gives them. */
async function fixedIds(registry: SchemaRegistry | null): Promise<{ commit: number; lease: number }> {
  if (registry === null) return { commit: COMMIT_SCHEMA_ID, lease: LEASE_SCHEMA_ID };
  return {
    commit: await registry.register('polylog.CommitEvent', JSON.stringify(COMMIT_EVENT_SCHEMA)),
    lease: await registry.register('polylog.ServerLease', JSON.stringify(SERVER_LEASE_SCHEMA)),
  };
}

/** Brings the texts of ids that are not known yet. */
function schemaFetcher(registry: SchemaRegistry, schemas: EventSchemaStore): (ids: Iterable<number>) => Promise<void> {
  return async (ids) => {
    for (const id of ids) {
      if (schemas.schemaText(id) !== null) continue;
      const text = await registry.schemaById(id);
      if (text !== null) schemas.remember(id, text);
    }
  };
}
