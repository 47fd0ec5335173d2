/** The servers, made equal: data in the same folder's file system, a commit waits for the disk, TCP on 127.0.0.1. */
import { startMariadb } from '../harness/mariadb.js';
import { type PolylogNode, type PolylogOptions, startPolylog } from '../harness/polylog.js';
import { startPostgres } from '../harness/postgres.js';

/** What a client needs. */
export interface Server {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface StartedServer extends Server {
  /** Null where it is another's. */
  readonly node: PolylogNode | null;
  /** After this it is gone with its data. */
  stop(): Promise<void>;
}

export interface StartedNode extends StartedServer {
  readonly node: PolylogNode;
}

export const POSTGRES = 'PostgreSQL';
export const MARIADB = 'MariaDB';
export const POLYLOG = 'Polylog';

/** PostgreSQL 15 as its package configures it, durable, with a cache that holds all data of the benchmark. */
export async function postgresServer(): Promise<StartedServer> {
  const server = await startPostgres({ durable: true, settings: { shared_buffers: '1GB', max_connections: 100 } });
  const { host, port, user, password, database } = server;
  return { name: POSTGRES, host, port, user, password, database, node: null, stop: () => server.stop() };
}

/** MariaDB with its defaults, durable, with a cache that holds all data of the benchmark. */
export async function mariadbServer(): Promise<StartedServer> {
  const server = await startMariadb({ durable: true });
  const { host, port, user, password, database } = server;
  return { name: MARIADB, host, port, user, password, database, node: null, stop: () => server.stop() };
}

/** Polylog as it starts by default: the embedded log, which is never told not to sync. */
export async function polylogServer(options: PolylogOptions & { readonly name?: string } = {}): Promise<StartedNode> {
  const { name = POLYLOG, ...rest } = options;
  const node = await startPolylog(rest);
  return { ...clientOf(name, node), node, stop: () => node.remove() };
}

function clientOf(name: string, node: PolylogNode): Server {
  const { host, postgresPort: port, user, password, database } = node;
  return { name, host, port, user, password, database };
}

/** The same node for clients of MySQL, whose database is the schema public. */
export function overMysql(server: StartedNode): StartedNode {
  return { ...server, port: server.node.mysqlPort, database: 'public' };
}

/** Ends all, also where one does not end. */
export async function stopAll(servers: readonly StartedServer[]): Promise<void> {
  await Promise.allSettled(servers.map((server) => server.stop()));
}

/** The engine's process: with the gateway inside it or not, it holds the rows. */
export function enginePid(node: PolylogNode): number {
  const engine = node.processes().find(({ name }) => name === 'engine');
  if (engine === undefined) throw new Error('the node names no process "engine"');
  return engine.pid;
}
