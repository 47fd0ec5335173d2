import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pino, { type Logger } from 'pino';
import type { Configuration } from '../config/configuration.js';
import { application } from '../http/application.js';
import { CallError, Caller } from './calls.js';
import { type EngineProcessConfig, REFUSED } from './exit-codes.js';
import { isSameLog, rememberedLog, rememberLog } from './remembered-log.js';
import { type RunFile, readRunFile, removeRunFile, writeRunFile } from './run-file.js';

const USER = 'polylog';
const DATABASE = 'polylog';
const STOP_MS = 9_000;
const RESTART_MS = 500;
/** Unix socket paths end at 107 bytes. */
const SOCKET_PATH_MAX = 100;

/** A start that was refused for a reason that the user can mend. */
class StartRefused extends Error {
  override readonly name = 'StartRefused';
}

interface Child {
  readonly name: string;
  readonly process: ChildProcess;
  readonly caller: Caller;
  /** A gateway has found the engine. */
  linked: boolean;
}

/** What a child says of itself. */
interface ChildMessage {
  readonly kind?: unknown;
  readonly port?: unknown;
  readonly up?: unknown;
  readonly message?: unknown;
  readonly isPassword?: unknown;
}

/** Runs the processes of one node: the engine, a gateway for each protocol, and HTTP in this one. */
export class Supervisor {
  readonly #configuration: Configuration;
  readonly #logger: Logger;
  readonly #password: string;
  readonly #socketPath: string;
  readonly #children = new Map<string, Child>();
  /** Whether the log's superuser has this node's password. It has not when the password was changed, or the log had another node. */
  #isPassword = true;
  #ready = false;
  #stopping = false;
  #app: ReturnType<typeof application> | null = null;
  #postgresPort = 0;
  #onEnd: (code: number) => void = () => undefined;

  private constructor(configuration: Configuration, password: string) {
    this.#configuration = configuration;
    this.#logger = pino({ name: 'supervisor', level: configuration.logLevel }, pino.destination(2));
    this.#password = password;
    const inside = join(configuration.data, 'run', 'engine.sock');
    this.#socketPath =
      inside.length <= SOCKET_PATH_MAX
        ? inside
        : join(tmpdir(), `polylog-${randomBytes(6).toString('hex')}`, 'engine.sock');
  }

  /** Starts a node; resolves when clients may connect. Rejects with StartRefused. */
  static async start(
    configuration: Configuration,
    environment: Readonly<Record<string, string | undefined>>,
  ): Promise<Supervisor> {
    mkdirSync(configuration.data, { recursive: true, mode: 0o700 });
    const running = readRunFile(configuration.data);
    if (running !== null)
      throw new StartRefused(
        `a node is already running on ${configuration.data} (pid ${running.pid}): stop it with \`polylog stop --data ${configuration.data}\``,
      );
    const known = rememberedLog(configuration.data);
    if (known !== null && !isSameLog(known, configuration.log))
      throw new StartRefused(
        `${configuration.data} belongs to the log ${known}, not to ${configuration.log}: give each log a data folder of its own`,
      );
    rememberLog(configuration.data, configuration.log);
    const supervisor = new Supervisor(configuration, superuserPassword(configuration, environment));
    await supervisor.#checkPorts();
    try {
      await supervisor.#begin();
    } catch (error) {
      await supervisor.stop();
      throw error;
    }
    return supervisor;
  }

  /** Resolves with the exit code when the node has ended by itself or was stopped. */
  get ended(): Promise<number> {
    return new Promise((resolve) => {
      this.#onEnd = resolve;
    });
  }

  /** The superuser's; without a password where the log knows another one than this node. */
  get url(): string {
    const host =
      this.#configuration.host === '0.0.0.0' || this.#configuration.host === '::'
        ? '127.0.0.1'
        : this.#configuration.host;
    const user = this.#isPassword ? `${USER}:${encodeURIComponent(this.#password)}` : USER;
    return `postgresql://${user}@${host}:${this.#postgresPort}/${DATABASE}`;
  }

  get isPasswordKnown(): boolean {
    return this.#isPassword;
  }

  get httpUrl(): string {
    return `http://${this.#configuration.host}:${this.#configuration.httpPort}`;
  }

  async #checkPorts(): Promise<void> {
    const { host, postgresPort, httpPort } = this.#configuration;
    for (const [port, flag] of [
      [postgresPort, '--postgres-port'],
      [httpPort, '--http-port'],
    ] as const) {
      if (port !== 0 && !(await isFree(host, port)))
        throw new StartRefused(`port ${port} on ${host} is taken: choose another with ${flag}`);
    }
  }

  async #begin(): Promise<void> {
    const configuration = this.#configuration;
    this.#app = application({
      engine: (method, ...args) => this.#call(method, args),
      ready: () => this.#ready && this.#gatewaysLinked(),
      externalRegistry: configuration.registry,
    });
    await this.#app.listen({ host: configuration.host, port: configuration.httpPort });
    this.#writeRunFile();
    const port = await this.#startEngine();
    this.#postgresPort = port ?? (await this.#startGateway());
    this.#ready = true;
    this.#writeRunFile();
    this.#writeSuperuserFile();
  }

  /** An engine that was started again serves nobody until the gateways have found it. */
  #gatewaysLinked(): boolean {
    if (this.#configuration.gatewayPlacement === 'engine') return true;
    const gateways = [...this.#children.values()].filter((child) => child.name !== 'engine');
    return gateways.length > 0 && gateways.every((child) => child.linked);
  }

  #call(method: string, args: readonly unknown[]): Promise<unknown> {
    const engine = this.#children.get('engine');
    return engine === undefined
      ? Promise.reject(new CallError('the engine is not running', 503, null))
      : engine.caller.call(method, ...args);
  }

  #startEngine(): Promise<number | null> {
    const config: EngineProcessConfig = {
      configuration: this.#configuration,
      socketPath: this.#socketPath,
      user: USER,
      holder: `${hostname()}:${process.pid}`,
    };
    return this.#spawn(
      'engine',
      '../processes/engine.js',
      config,
      { POLYLOG_BOOTSTRAP_PASSWORD: this.#password },
      ENGINE_FLAGS,
    );
  }

  async #startGateway(): Promise<number> {
    const { host, postgresPort, tlsCert, tlsKey, maxConnections } = this.#configuration;
    const port = this.#postgresPort !== 0 ? this.#postgresPort : postgresPort;
    const tls = tlsCert === null || tlsKey === null ? null : { cert: tlsCert, key: tlsKey };
    const config = { socketPath: this.#socketPath, host, port, tls, maxConnections, pluginPath: null };
    return (
      (await this.#spawn('gateway-postgres', '../../gateways/postgres/main.js', config, {}, GATEWAY_FLAGS)) ?? port
    );
  }

  /** Resolves with what the child says of its port when it is ready. */
  #spawn(
    name: string,
    module: string,
    config: object,
    environment: Readonly<Record<string, string>>,
    flags: readonly string[],
  ): Promise<number | null> {
    const { POLYLOG_PASSWORD: _secret, ...inherited } = process.env;
    const child = fork(fileURLToPath(new URL(module, import.meta.url)), [JSON.stringify(config)], {
      env: { ...inherited, ...environment },
      execArgv: [...flags, ...profileFlags(name)],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const entry: Child = { name, process: child, caller: new Caller(child), linked: false };
    this.#children.set(name, entry);
    return new Promise((resolve, reject) => {
      let said = '';
      let started = false;
      child.on('message', (message: ChildMessage) => {
        if (message.kind === 'ready') {
          started = true;
          if (typeof message.isPassword === 'boolean') this.#isPassword = message.isPassword;
          resolve(typeof message.port === 'number' ? message.port : null);
        } else if (message.kind === 'link') entry.linked = message.up === true;
        else if (message.kind === 'failed' || message.kind === 'error') said = String(message.message);
      });
      child.on('exit', (code, signal) => {
        this.#children.delete(name);
        if (!started) reject(new StartRefused(said === '' ? `${name} ended at its start (${signal ?? code})` : said));
        else if (!this.#stopping) this.#revive(name, code);
      });
    });
  }

  /** A process died while the node runs: it is started again; a start that is refused ends the node. */
  #revive(name: string, code: number | null): void {
    this.#logger.error({ process: name, code }, 'process ended; starting it again');
    if (name === 'engine') this.#ready = false;
    const again = async (): Promise<void> => {
      if (this.#stopping) return;
      if (name === 'engine') {
        // The gateway reconnects by itself.
        await this.#startEngine();
        this.#ready = true;
      } else await this.#startGateway();
      this.#writeRunFile();
    };
    setTimeout(() => {
      again().catch((error: unknown) => {
        this.#logger.fatal(
          { process: name, reason: (error as Error).message },
          'process cannot be started again; the node ends',
        );
        this.stop().then(
          () => this.#onEnd(code === REFUSED ? REFUSED : 1),
          () => this.#onEnd(1),
        );
      });
    }, RESTART_MS);
  }

  /** Stops everything: gateways first, so that clients' statements end, then the engine. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#ready = false;
    const deadline = Date.now() + STOP_MS;
    const gateways = [...this.#children.values()].filter((c) => c.name !== 'engine');
    await Promise.all(gateways.map((child) => end(child.process, deadline)));
    await Promise.all([...this.#children.values()].map((child) => end(child.process, deadline)));
    await this.#app?.close();
    rmSync(this.#socketPath, { force: true });
    removeRunFile(this.#configuration.data);
  }

  #writeRunFile(): void {
    const processes = [
      { name: 'supervisor', pid: process.pid },
      ...[...this.#children.values()].map((c) => ({ name: c.name, pid: c.process.pid ?? 0 })),
    ];
    const { host, httpPort, log } = this.#configuration;
    const file: RunFile = { pid: process.pid, processes, host, postgresPort: this.#postgresPort, httpPort, log };
    writeRunFile(this.#configuration.data, file);
  }

  /** The superuser's URL for whoever has lost it: readable by the owner alone. A password that is not theirs is forgotten. */
  #writeSuperuserFile(): void {
    if (!this.#isPassword) rmSync(join(this.#configuration.data, 'superuser'), { force: true });
    else
      writeFileSync(join(this.#configuration.data, 'superuser'), `${this.#password}\n${this.url}\n`, { mode: 0o600 });
  }
}

/** A small young generation makes many short collections; both processes live on short-lived objects. */
const ENGINE_FLAGS: readonly string[] = ['--max-semi-space-size=64', '--max-old-space-size=6144'];
const GATEWAY_FLAGS: readonly string[] = ['--max-semi-space-size=32'];

/** With POLYLOG_PROFILE=FOLDER each process leaves a CPU profile there when it stops. */
function profileFlags(name: string): readonly string[] {
  const folder = process.env['POLYLOG_PROFILE'];
  return folder === undefined
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}-${Date.now()}.cpuprofile`];
}

/** The password of the first start: given, or made up; later starts find it in the file. */
function superuserPassword(
  configuration: Configuration,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const path = join(configuration.data, 'superuser');
  if (existsSync(path)) return readFileSync(path, 'utf8').split('\n')[0] ?? '';
  const given = environment['POLYLOG_PASSWORD'];
  const password = given !== undefined && given !== '' ? given : randomBytes(18).toString('base64url');
  writeFileSync(path, `${password}\n`, { mode: 0o600 });
  return password;
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

function end(child: ChildProcess, deadline: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), Math.max(0, deadline - Date.now()));
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
