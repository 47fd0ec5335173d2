/**
 * Real Apache Kafka for tests: one broker or three, in KRaft mode, on 127.0.0.1, with ports and a data directory of its
 * own. Brokers can be paused, killed and restarted, so that tests can see what a client makes of it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from './free-port.js';
import { GuardedProcess } from './guarded-process.js';
import { javaAtLeast } from './java.js';
import { projectRoot } from './project-root.js';
import { temporaryDirectory } from './temporary-directory.js';

export interface KafkaOptions {
  /** Three brokers replicate every topic to all and need two of them in sync. */
  readonly brokers?: 1 | 3;
  /** Further lines of server.properties, for every broker. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
  /** The process whose end ends the brokers; the caller by default. */
  readonly ownerPid?: number;
}

export interface KafkaBroker {
  readonly id: number;
  readonly address: string;
  readonly pid: number;
  /** Stops it in its tracks (SIGSTOP): connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** kill -9. */
  kill(): Promise<void>;
  /** A clean shutdown. */
  stop(): Promise<void>;
  /** Starts it again on its data after kill or stop; resolves when it serves. */
  restart(): Promise<void>;
}

export interface KafkaCluster {
  /** host:port of every broker, comma separated. */
  readonly bootstrap: string;
  readonly brokers: readonly KafkaBroker[];
  /** What they keep on disk. */
  readonly directory: string;
  /** After this all brokers are gone and their data is deleted. */
  stop(): Promise<void>;
}

/** Any base64url UUID; the same for all so that a data directory can be used again. */
const CLUSTER_ID = 'cG9seWxvZy10ZXN0LWNsdQ';
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

/** A small heap and the quick compiler: a broker that lives for seconds starts in three and takes 200 MB. */
const JVM_FLAGS = ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true'];

interface Layout {
  readonly java: string;
  readonly classPath: readonly string[];
  readonly directory: string;
  readonly ownerPid: number;
}

function serverProperties(id: number, ports: readonly number[], directory: string, options: KafkaOptions): string {
  const brokers = options.brokers ?? 1;
  const [port, controllerPort] = ports.slice(2 * (id - 1));
  const voters = Array.from({ length: brokers }, (_, i) => `${i + 1}@127.0.0.1:${ports[2 * i + 1]}`);
  const inSync = brokers === 3 ? 2 : 1;
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': voters.join(','),
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(directory, 'data'),
    // Whoever needs a topic creates it with the settings that it needs.
    'auto.create.topics.enable': false,
    'default.replication.factor': brokers,
    'min.insync.replicas': inSync,
    'group.initial.rebalance.delay.ms': 0,
    'log.segment.delete.delay.ms': 1000,
    'log.cleaner.dedupe.buffer.size': 16 << 20,
    'num.network.threads': 2,
    'num.io.threads': 4,
  };
  // The broker's own topics: the default of 50 partitions each costs seconds and file handles.
  for (const [topic, minimum] of [
    ['offsets.topic', null],
    ['transaction.state.log', 'min.isr'],
    ['share.coordinator.state.topic', 'min.isr'],
  ] as const) {
    properties[`${topic}.replication.factor`] = brokers;
    properties[`${topic}.num.partitions`] = 4;
    if (minimum !== null) properties[`${topic}.${minimum}`] = inSync;
  }
  const lines = Object.entries({ ...properties, ...options.properties }).map(([key, value]) => `${key}=${value}`);
  return `${lines.join('\n')}\n`;
}

async function startBroker(id: number, port: number, layout: Layout): Promise<KafkaBroker> {
  const properties = join(layout.directory, 'server.properties');
  let starts = 0;
  const launch = async (): Promise<GuardedProcess> => {
    starts += 1;
    const broker = GuardedProcess.start({
      command: layout.java,
      args: [...JVM_FLAGS, ...layout.classPath, 'kafka.Kafka', properties],
      logPath: join(layout.directory, `broker-${starts}.log`),
      ownerPid: layout.ownerPid,
    });
    await broker.until(() => broker.output().includes('Kafka Server started'), START_TIMEOUT_MS);
    return broker;
  };
  let current = await launch();
  return {
    id,
    address: `127.0.0.1:${port}`,
    get pid() {
      return current.pid;
    },
    pause: () => current.signal('SIGSTOP'),
    resume: () => current.signal('SIGCONT'),
    kill: () => current.stop('SIGKILL', STOP_TIMEOUT_MS),
    stop: () => current.stop('SIGTERM', STOP_TIMEOUT_MS),
    restart: async () => {
      if (current.running) throw new Error(`broker ${id} still runs`);
      current = await launch();
    },
  };
}

/** Resolves when all brokers serve. Fetches Kafka's jars first where they are missing. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaCluster> {
  const root = projectRoot();
  const jars = execFileSync(process.execPath, [join(root, 'scripts', 'kafka-jars.mjs')], { encoding: 'utf8' });
  const folder = jars.trimEnd().split('\n').at(-1) ?? '';
  const logging = join(root, 'test', 'harness', 'kafka-dist', 'log4j2.properties');
  const classPath = ['-cp', join(folder, '*'), `-Dlog4j2.configurationFile=${logging}`];
  const java = javaAtLeast(17);
  const directory = temporaryDirectory('kafka');
  const count = options.brokers ?? 1;
  const ports = await freePorts(2 * count);
  const started = await Promise.allSettled(
    Array.from({ length: count }, (_, i) => {
      const own = join(directory.path, String(i + 1));
      const properties = join(own, 'server.properties');
      mkdirSync(own);
      writeFileSync(properties, serverProperties(i + 1, ports, own, options));
      const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', properties];
      execFileSync(java, [...JVM_FLAGS, ...classPath, ...format], { stdio: 'pipe' });
      const layout = { java, classPath, directory: own, ownerPid: options.ownerPid ?? process.pid };
      return startBroker(i + 1, ports[2 * i] ?? 0, layout);
    }),
  );
  const brokers = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(brokers.map((broker) => broker.stop()));
    directory.remove();
  };
  const failed = started.find((each) => each.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const bootstrap = brokers.map((broker) => broker.address).join(',');
  return { bootstrap, brokers, directory: directory.path, stop };
}
