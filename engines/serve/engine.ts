import type { ChangeLog } from '#log/change-log.js';
import { millisOf, VersionMint } from '#log/clock/hybrid-clock.js';
import { Certifier } from '#log/transactions/certifier.js';
import { COMMIT_EVENT_SCHEMA, SERVER_LEASE_SCHEMA } from '#schemas/events/avro-schema.js';
import { EventCodec } from '#schemas/events/codec.js';
import type { Offset, Partition, ServerId } from '#schemas/kernel/brand.js';
import type { Clock, Random } from '#schemas/kernel/ports.js';
import type { LinkPeer } from '#schemas/link/frames.js';
import { BuiltInRegistry } from '#schemas/registry/built-in.js';
import type { SchemaRegistry } from '#schemas/registry/registry.js';
import { CatalogStore } from '../catalog/catalog-store.js';
import { VIRTUAL_TABLES } from '../catalog/virtual-tables.js';
import { EXPRESSION_COMPILER } from '../planner/expression-compiler.js';
import { Store } from '../rows/store.js';
import { createVerifier } from '../security/scram.js';
import { Folder } from '../tx/folder.js';
import { TransactionManager } from '../tx/transaction-manager.js';
import { GatewayConnection } from './connection.js';
import { COMMIT_SCHEMA_ID, EventSchemaRegistrar, EventSchemaStore, LEASE_SCHEMA_ID } from './event-schemas.js';
import type { EngineServices } from './services.js';

export interface EngineOptions {
  readonly log: ChangeLog;
  readonly clock: Clock;
  readonly random: Random;
  /** A foreign schema registry; null = the built-in one. */
  readonly registry: SchemaRegistry | null;
  /** First superuser of a fresh cluster. */
  readonly bootstrap: { readonly user: string; readonly password: string };
  /** Who holds the server id: shown in the log. */
  readonly holder: string;
  readonly nextTurn: () => Promise<void>;
  reportBug(error: Error): void;
  /** Told of each commit: milliseconds from its call to its durability. */
  onCommitMs(ms: number): void;
}

/** Counters and gauges of an engine, for metrics. */
export interface EngineStatistics {
  readonly commits: number;
  readonly rollbacks: number;
  readonly lockWaits: number;
  readonly deadlocks: number;
  readonly conflicts: number;
  readonly activeTransactions: number;
  readonly sessions: number;
  readonly durableOffset: number;
  readonly recoveredEvents: number;
  readonly recoveryMs: number;
}

/** All databases share one partition until they are told otherwise (docs/decisions). */
const PARTITION = 0 as Partition;
/** Until engines share a log, there is one, and it has this id. */
const SERVER = 1 as ServerId;

/** One transaction engine: the fold of a log, open for gateways. */
export class Engine {
  readonly registry: BuiltInRegistry;
  readonly catalog: CatalogStore;
  readonly #manager: TransactionManager;
  readonly #services: EngineServices;
  readonly #connections = new Set<GatewayConnection>();
  readonly #mockSecret: Uint8Array;
  readonly #drains = new WeakMap<LinkPeer, Array<() => void>>();
  readonly #recovery: { readonly events: number; readonly ms: number };

  private constructor(parts: {
    registry: BuiltInRegistry;
    catalog: CatalogStore;
    manager: TransactionManager;
    store: Store;
    options: EngineOptions;
    recovery: { events: number; ms: number };
  }) {
    this.registry = parts.registry;
    this.catalog = parts.catalog;
    this.#manager = parts.manager;
    this.#recovery = parts.recovery;
    const { clock, random, nextTurn, reportBug } = parts.options;
    this.#mockSecret = random.bytes(32);
    this.#services = {
      clock,
      random,
      transactions: parts.manager,
      catalog: parts.catalog,
      rows: parts.store,
      nextTurn,
      reportBug,
      drained: (peer) => this.#drained(peer),
    };
  }

  /** Replays the log and opens for business. Throws LogCorrupted and its like when the log cannot be read whole. */
  static async open(options: EngineOptions): Promise<Engine> {
    const { log, clock, random } = options;
    const began = clock.monotonicMs();
    const store = new Store();
    const certifier = new Certifier();
    const schemas = new EventSchemaStore(store);
    const ids = await fixedIds(options.registry);
    const codec = new EventCodec(schemas, ids.commit, ids.lease);
    const registrar = new EventSchemaRegistrar(schemas, options.registry, codec);
    const catalog = new CatalogStore({
      rows: store,
      compiler: EXPRESSION_COMPILER,
      registrar,
      random,
      virtual: VIRTUAL_TABLES,
      generationGone: (generation) => store.dropTable(generation),
    });
    const folder = new Folder(store, codec, certifier, catalog);
    if (options.registry !== null) folder.resolveSchemas(schemaFetcher(options.registry, schemas));
    await folder.replay(log, PARTITION, 0 as Offset);

    const { state } = folder;
    const epoch = state.assembler.epochOf(SERVER) + 1;
    const timestamp = Number(clock.nowMicros());
    const lease = codec.encode({
      kind: 'lease',
      action: 'taken',
      server: SERVER,
      epoch,
      holder: options.holder,
      timestamp,
    });
    const taken = await log.append(PARTITION, [
      { key: null, value: lease, timestampMs: Math.floor(timestamp / 1_000) },
    ]);
    codec.reset();
    const mint = new VersionMint(clock, random, state.lastVersion === null ? 0 : millisOf(state.lastVersion) + 1);
    const manager = new TransactionManager({
      store,
      log,
      partition: PARTITION,
      encoder: codec,
      clock,
      mint,
      server: SERVER,
      epoch,
      certifier,
      durable: (taken + 1) as Offset,
    });
    manager.onCommitMs = options.onCommitMs;
    manager.onDecided((writes) => catalog.decided(writes));
    catalog.attach(manager);
    schemas.attach(manager);
    await catalog.registerSystemShapes();
    if (catalog.empty)
      await catalog.bootstrap({
        user: options.bootstrap.user,
        verifier: createVerifier(options.bootstrap.password, random),
      });
    for (const generation of [...catalog.current.generations()]) {
      const shape = catalog.current.shapeOfGeneration(generation);
      if (shape !== null) await registrar.register(shape.event);
    }
    return new Engine({
      registry: new BuiltInRegistry(schemas),
      catalog,
      manager,
      store,
      options,
      recovery: { events: state.events, ms: clock.monotonicMs() - began },
    });
  }

  /** Takes a gateway's connection. */
  accept(peer: LinkPeer): void {
    const connection = new GatewayConnection(peer, this.#services, this.#mockSecret, (ended) =>
      this.#connections.delete(ended),
    );
    this.#connections.add(connection);
  }

  statistics(): EngineStatistics {
    let sessions = 0;
    for (const connection of this.#connections) sessions += connection.sessions.size;
    const { commits, rollbacks, lockWaits, conflicts } = this.#manager.statistics;
    return {
      commits,
      rollbacks,
      lockWaits,
      conflicts,
      deadlocks: this.#manager.graph.deadlocks,
      activeTransactions: this.#manager.active,
      sessions,
      durableOffset: this.#manager.durable,
      recoveredEvents: this.#recovery.events,
      recoveryMs: this.#recovery.ms,
    };
  }

  async close(): Promise<void> {
    for (const connection of [...this.#connections]) connection.close();
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
