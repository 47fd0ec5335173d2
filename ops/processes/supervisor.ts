import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { hostname, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.js';
import { application } from '../http/application.js';
import { BackOff } from './back-off.js';
import { CallError } from './calls.js';
import { type Child, type ChildOptions, startChild } from './child.js';
import { listenControl } from './control-socket.js';
import { type EngineProcessConfig, type EngineReady, REFUSED } from './engine-contract.js';
import { clientHost, connectionUrl, isLoopback, requireFree } from './listening-address.js';
import { NodeProjections } from './node-projections.js';
import { isProjection, PROJECTIONS, type ProjectionName, type ProjectionProcessConfig } from './projection-contract.js';
import { isSameLog, rememberedLog, rememberLog } from './remembered-log.js';
import { birthOf, readRunFile, removeRunFile, writeRunFile } from './run-file.js';
import { StartRefused } from './start-refused.js';
import { passwordCandidates, superuserPath, writeSuperuserFile } from './superuser-file.js';

const USER = 'polylog';
const DATABASE = 'polylog';
/** Of the ten seconds in which a node must have stopped. */
const STOP_MS = 9_000;
/** Unix socket paths end at 107 bytes. */
const SOCKET_PATH_MAX = 100;
const ENGINE = 'engine';
const GATEWAY = 'gateway-postgres';
const MYSQL_GATEWAY = 'gateway-mysql';

/** A small young generation makes many short collections; both processes live on short-lived objects. */
/**
 * Rows of an open transaction are in the engine's memory, and a projection takes a transaction as a whole: what the one has room for, the other must have room for, too. None of it is
 * taken before it is needed.
 */
const HEAP_MIB = Math.min(6_144, Math.max(2_048, Math.floor(totalmem() / 2_097_152)));
const HEAP_FLAG = `--max-old-space-size=${HEAP_MIB}`;
const ENGINE_FLAGS: readonly string[] = ['--max-semi-space-size=64', HEAP_FLAG];
const GATEWAY_FLAGS: readonly string[] = ['--max-semi-space-size=32'];
/** Signals by which a process ends that reads what is not there. */
const BAD_ACCESS: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGBUS']);
const PROJECTION_FLAGS: readonly string[] = ['--max-semi-space-size=32', HEAP_FLAG];

/**
 * Runs the processes of one node: the engine, a gateway for each protocol, and HTTP in this one. It owns the run file, the control socket and
 * the children. Invariants: `ready` holds exactly while every process serves; a child that dies is started again unless the node stops.
 */
export class Supervisor {
  readonly #configuration: Configuration;
  readonly #logger: Logger;
  /** POLYLOG_PASSWORD; '' = not given. */
  readonly #given: string;
  readonly #socketFolder: string;
  readonly #children = new Map<string, Child>();
  readonly #serving = new Set<string>();
  /** Gateways that have found the engine: one that was started again serves nobody until they have. */
  readonly #linked = new Set<string>();
  readonly #backOffs = new Map<string, BackOff>();
  readonly #mistrusted = new Map<string, string>();
  /** Projections that have refused to go on, and why. */
  readonly #stoppedProjections = new Map<string, string>();
  #passwords: readonly string[] = [];
  /** The first superuser's password as far as this node knows it. */
  #password: string | null = null;
  #app: ReturnType<typeof application> | null = null;
  #control: Server | null = null;
  #ownsRunFile = false;
  #postgresPort: number;
  #mysqlPort: number;
  #httpPort: number;
  #stopped: Promise<void> | null = null;
  #onEnd: (code: number) => void = () => undefined;
  /** The exit code, once the node has ended: 0 when it was told to. */
  readonly ended: Promise<number>;

  constructor(configuration: Configuration, givenPassword: string, logger: Logger) {
    this.#configuration = configuration;
    this.#given = givenPassword;
    this.#logger = logger;
    this.#postgresPort = configuration.postgresPort;
    this.#mysqlPort = configuration.mysqlPort;
    this.#httpPort = configuration.httpPort;
    this.ended = new Promise((resolve) => {
      this.#onEnd = resolve;
    });
    const inside = join(configuration.data, 'run');
    this.#socketFolder =
      join(inside, 'engine.sock').length <= SOCKET_PATH_MAX
        ? inside
        : join(tmpdir(), `polylog-${randomBytes(6).toString('hex')}`);
  }

  /** Resolves when clients may connect. Rejects with StartRefused; nothing of the node runs any more then. */
  async start(): Promise<void> {
    try {
      await this.#begin();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** What psql takes; without a password when it is not known here. */
  get url(): string {
    return connectionUrl(USER, this.#password, this.#configuration.host, this.#postgresPort);
  }

  get isPasswordKnown(): boolean {
    return this.#password !== null;
  }

  /** What MySQL's and MariaDB's clients take; they ask for the password. */
  get mysqlCommand(): string {
    return `mariadb -h ${clientHost(this.#configuration.host)} -P ${this.#mysqlPort} -u ${USER} -p public`;
  }

  get httpUrl(): string {
    return `http://${clientHost(this.#configuration.host)}:${this.#httpPort}`;
  }

  get #ready(): boolean {
    if (this.#stopped !== null || !this.#serving.has(ENGINE)) return false;
    const gateways = this.#configuration.gatewayPlacement === 'engine' ? [MYSQL_GATEWAY] : [GATEWAY, MYSQL_GATEWAY];
    return gateways.every((name) => this.#serving.has(name) && this.#linked.has(name));
  }

  async #begin(): Promise<void> {
    const configuration = this.#configuration;
    const { data, host, postgresPort, mysqlPort, httpPort } = configuration;
    openFolder(data);
    const running = readRunFile(data);
    if (running !== null && running.pid !== process.pid)
      throw new StartRefused(
        `a node is already running on ${data} (pid ${running.pid}): stop it with \`polylog stop --data ${data}\`, or choose another folder with --data`,
      );
    requireReadable(configuration.tlsCert, '--tls-cert');
    requireReadable(configuration.tlsKey, '--tls-key');
    const known = rememberedLog(data);
    if (known !== null && !isSameLog(known, configuration.log))
      throw new StartRefused(
        `${data} belongs to the log ${known}, not to ${configuration.log}: give each log a data folder of its own`,
      );
    if (postgresPort !== 0 && postgresPort === httpPort)
      throw new StartRefused(`--postgres-port and --http-port are both ${httpPort}: they must differ`);
    if (mysqlPort !== 0 && (mysqlPort === httpPort || mysqlPort === postgresPort))
      throw new StartRefused(`--mysql-port ${mysqlPort} is the port of something else, too: they must differ`);
    await requireFree(host, postgresPort, '--postgres-port');
    await requireFree(host, mysqlPort, '--mysql-port');
    await requireFree(host, httpPort, '--http-port');
    this.#passwords = passwordCandidates(data, this.#given);
    mkdirSync(this.#socketFolder, { recursive: true, mode: 0o700 });
    await this.#listenHttp();
    this.#control = await listenControl(this.#controlPath, {
      run: (statement) => this.#call('run', [statement]),
    });
    this.#ownsRunFile = true;
    this.#writeState();
    await this.#startEngine();
    // Not before: a name that was mistyped would bind the folder to it.
    rememberLog(data, configuration.log);
    const gateways =
      configuration.gatewayPlacement === 'process' ? ([GATEWAY, MYSQL_GATEWAY] as const) : ([MYSQL_GATEWAY] as const);
    await Promise.all(gateways.map((name) => this.#startGateway(name)));
    this.#noteStart();
    // Clients need not wait for them.
    for (const name of configuration.projections) this.#tryStart(name);
  }

  async #listenHttp(): Promise<void> {
    const { host, httpPort, registry } = this.#configuration;
    this.#app = application({
      engine: (method, ...args) => this.#call(method, args),
      gateway: (method) => this.#children.get(GATEWAY)?.call(method) ?? Promise.resolve(null),
      ready: () => this.#ready,
      externalRegistry: registry,
      projections: new NodeProjections({
        configuration: this.#configuration,
        child: (name) => this.#children.get(name),
        stopped: (name) => this.#stoppedProjections.get(name) ?? null,
      }),
      logger: this.#logger,
    });
    await this.#app.listen({ host, port: httpPort });
    const address = this.#app.server.address();
    if (address !== null && typeof address === 'object') this.#httpPort = address.port;
  }

  get #controlPath(): string {
    return join(this.#socketFolder, 'control.sock');
  }

  #call(method: string, args: readonly unknown[]): Promise<unknown> {
    const engine = this.#children.get(ENGINE);
    return engine === undefined
      ? Promise.reject(new CallError('the engine is not running', 503, null))
      : engine.call(method, ...args);
  }

  async #startEngine(): Promise<void> {
    const message: EngineProcessConfig = {
      configuration: { ...this.#configuration, postgresPort: this.#postgresPort },
      socketPath: join(this.#socketFolder, 'engine.sock'),
      user: USER,
      database: DATABASE,
      passwords: this.#passwords,
      holder: `${hostname()}:${process.pid}`,
      projectionSockets: { ingestion: this.#socketOf('ingestion'), olap: this.#socketOf('olap') },
    };
    const module = '../processes/engine.js';
    const ready = await this.#run<EngineReady>(ENGINE, { module, args: [], message, nodeFlags: ENGINE_FLAGS });
    if (ready.port !== null) this.#postgresPort = ready.port;
    this.#writeRunFile();
    this.#password = this.#passwords[ready.password] ?? null;
  }

  async #startGateway(name: typeof GATEWAY | typeof MYSQL_GATEWAY): Promise<void> {
    const isMysql = name === MYSQL_GATEWAY;
    const { host, tlsCert, tlsKey, maxConnections } = this.#configuration;
    const socketPath = join(this.#socketFolder, 'engine.sock');
    const tls = tlsCert === null || tlsKey === null ? null : { cert: tlsCert, key: tlsKey };
    const port = isMysql ? this.#mysqlPort : this.#postgresPort;
    const pluginPath = isMysql ? this.#configuration.mysqlDialect : this.#configuration.postgresDialect;
    const { otherEngines: otherSockets } = this.#configuration;
    const config = { socketPath, otherSockets, host, port, tls, maxConnections, pluginPath };
    const ready = await this.#run<{ readonly port: number }>(name, {
      module: isMysql ? '../../gateways/mysql/main.js' : '../../gateways/postgres/main.js',
      args: [JSON.stringify(config)],
      message: null,
      nodeFlags: GATEWAY_FLAGS,
    });
    if (isMysql) this.#mysqlPort = ready.port;
    else this.#postgresPort = ready.port;
    this.#writeRunFile();
  }

  /** Null where the node does not run the projection. */
  #socketOf(name: ProjectionName): string | null {
    return this.#configuration.projections.includes(name) ? this.#projectionSocket(name) : null;
  }

  #projectionSocket(name: ProjectionName): string {
    return join(this.#socketFolder, `${name}.sock`);
  }

  async #startProjection(name: ProjectionName): Promise<void> {
    const socketPath = this.#projectionSocket(name);
    const mistrust = this.#mistrusted.get(name) ?? null;
    const message: ProjectionProcessConfig = { configuration: this.#configuration, name, socketPath, mistrust };
    await this.#run(name, { module: '../processes/projection.js', args: [], message, nodeFlags: PROJECTION_FLAGS });
    this.#mistrusted.delete(name);
  }

  /** Starts what is called so; a gateway finds a new engine by itself. */
  #startNamed(name: string): Promise<void> {
    if (name === ENGINE) return this.#startEngine();
    return isProjection(name)
      ? this.#startProjection(name)
      : this.#startGateway(name === MYSQL_GATEWAY ? name : GATEWAY);
  }

  /** Resolves when the child serves. */
  async #run<T>(name: string, options: Omit<ChildOptions, 'name' | 'onEnd' | 'onLink'>): Promise<T> {
    if (this.#stopped !== null) throw new StartRefused('the node is stopping');
    const { child, ready } = startChild<T>({
      ...options,
      name,
      onEnd: (how, ranMs, said) => this.#ended(name, how, ranMs, said),
      onLink: (up) => {
        if (up) this.#linked.add(name);
        else this.#linked.delete(name);
        this.#writeRunFile();
      },
    });
    this.#children.set(name, child);
    try {
      const message = await ready;
      this.#serving.add(name);
      this.#writeRunFile();
      return message;
    } catch (error) {
      this.#children.delete(name);
      throw error;
    }
  }

  /** A process died while the node runs. */
  #ended(name: string, how: string, ranMs: number, said: string | null): void {
    this.#children.delete(name);
    this.#serving.delete(name);
    this.#linked.delete(name);
    // What it has mapped into its memory is not what it should be.
    if (isProjection(name) && BAD_ACCESS.has(how)) this.#mistrusted.set(name, `its process ended by ${how}`);
    if (this.#stopped !== null) return;
    this.#writeRunFile();
    if (how === `exit code ${REFUSED}`) this.#refused(name, said ?? 'see its own words above');
    else this.#startAgain(name, how, ranMs);
  }

  /** Starts it again after a while, and again until it serves; only a refusal, which would come back each time, ends the node. */
  #startAgain(name: string, how: string, ranMs: number): void {
    const backOff = this.#backOffs.get(name) ?? new BackOff();
    this.#backOffs.set(name, backOff);
    const delayMs = backOff.delayMs(ranMs);
    this.#logger.error({ process: name, how, ranMs: Math.round(ranMs), delayMs }, 'process ended; starting it again');
    setTimeout(() => {
      if (this.#stopped === null) this.#tryStart(name);
    }, delayMs);
  }

  #tryStart(name: string): void {
    this.#startNamed(name).then(
      () => this.#logger.info({ process: name, pid: this.#children.get(name)?.pid }, 'process serves'),
      (error: Error) => {
        if (this.#stopped !== null) return;
        const refused = error instanceof StartRefused && error.exitCode === REFUSED;
        if (refused) this.#refused(name, error.message);
        else this.#startAgain(name, error.message, 0);
      },
    );
  }

  /** A process will not go on, however often it is started. Without a projection clients are served all the same. */
  #refused(name: string, reason: string): void {
    if (isProjection(name)) {
      this.#stoppedProjections.set(name, reason);
      this.#logger.fatal({ process: name, reason }, 'projection has refused to go on, and is not started again');
      return;
    }
    this.#logger.fatal({ process: name, reason }, 'process has refused to go on; the node ends');
    void this.#end(REFUSED);
  }

  /** Gateways load their dialects anew: new connections use the new ones. */
  reload(): void {
    for (const child of this.#children.values())
      if (child.name !== ENGINE && !isProjection(child.name)) child.signal('SIGHUP');
  }

  /** Stops everything: gateways first, so that clients' statements end, then the engine. Resolves when all of it is gone. */
  stop(): Promise<void> {
    return this.#end(0);
  }

  #end(code: number): Promise<void> {
    this.#stopped ??= this.#stop().finally(() => this.#onEnd(code));
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const deadline = Date.now() + STOP_MS;
    const engine = this.#children.get(ENGINE);
    const gateways = [...this.#children.values()].filter((child) => child !== engine);
    await Promise.all(gateways.map((child) => child.end(deadline)));
    await engine?.end(deadline);
    this.#control?.close();
    this.#app?.server.closeAllConnections();
    await this.#app?.close();
    if (!this.#ownsRunFile) return;
    removeRunFile(this.#configuration.data);
    for (const name of ['engine.sock', 'control.sock', ...PROJECTIONS.map((each) => `${each}.sock`)])
      rmSync(join(this.#socketFolder, name), { force: true });
    if (dirname(this.#socketFolder) === tmpdir()) rmSync(this.#socketFolder, { recursive: true, force: true });
    this.#logger.info('node stopped');
  }

  #writeRunFile(): void {
    if (this.#stopped !== null) return;
    try {
      this.#writeState();
    } catch (error) {
      // On a full disk the node goes on; those who ask for its state see an older one.
      this.#logger.error({ err: error }, 'what runs cannot be written down');
    }
  }

  #writeState(): void {
    const { data, host, log } = this.#configuration;
    writeRunFile(data, {
      pid: process.pid,
      birth: birthOf(process.pid),
      ready: this.#ready,
      processes: [
        { name: 'supervisor', pid: process.pid },
        ...[...this.#children.values()].map(({ name, pid }) => ({ name, pid })),
      ],
      host,
      postgresPort: this.#postgresPort,
      mysqlPort: this.#mysqlPort,
      httpPort: this.#httpPort,
      log,
      controlSocket: this.#controlPath,
    });
  }

  #noteStart(): void {
    const { data, host, log } = this.#configuration;
    if (this.#password !== null) {
      writeSuperuserFile(data, [this.#password, this.url]);
    } else {
      // A password that is not theirs helps nobody.
      rmSync(superuserPath(data), { force: true });
    }
    if (this.#given !== '' && this.#given !== this.#password)
      this.#logger.warn({ user: USER }, 'POLYLOG_PASSWORD counts at the first start only, and is not the password now');
    if (!isLoopback(host) && this.#configuration.tlsCert === null)
      this.#logger.warn({ host }, 'other machines can connect without TLS, and HTTP asks nobody for a password');
    const where = {
      data,
      host,
      log,
      postgresPort: this.#postgresPort,
      mysqlPort: this.#mysqlPort,
      httpPort: this.#httpPort,
    };
    this.#logger.info({ ...where, version: process.versions.node }, 'node ready');
  }
}

/** Makes the folder, for its owner alone. Throws StartRefused where it cannot be written. */
function openFolder(data: string): void {
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    accessSync(data, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StartRefused(
      `the data folder ${data} cannot be written (${(error as Error).message}): choose another with --data`,
    );
  }
}

function requireReadable(path: string | null, flag: string): void {
  if (path === null) return;
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    throw new StartRefused(`${flag}: ${path} cannot be read: ${(error as Error).message}`);
  }
}
