/**
 * Makes the native part of @confluentinc/kafka-javascript loadable in this clone.
 *
 * `npm ci --ignore-scripts` leaves it out. In this order: it loads already; the user's cache has a build for this
 * version, Node ABI and machine (unpacked in under a second); the vendor's prebuilt binary can be downloaded; it is
 * compiled from the sources in the package (one to two minutes on two cores) and put into the cache.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root, run, runAsProgram, runQuietly, userCacheDir } from './project.mjs';
import { ensurePackages } from './system-packages.mjs';

const NAME = '@confluentinc/kafka-javascript';

/** Linked dynamically: the package's default, static linking, downloads the sources of these libraries. */
const BUILD_PACKAGES = [
  'g++',
  'make',
  'python3',
  'libcurl4-openssl-dev',
  'libssl-dev',
  'libsasl2-dev',
  'libzstd-dev',
  'zlib1g-dev',
];

const packageDir = join(root, 'node_modules', NAME);

function loads() {
  return spawnSync(process.execPath, ['-e', 'require("./lib")'], { cwd: packageDir, stdio: 'ignore' }).status === 0;
}

function archivePath() {
  const { version } = createRequire(import.meta.url)(join(packageDir, 'package.json'));
  const key = [version, `abi${process.versions.modules}`, process.platform, process.arch].join('-');
  return join(userCacheDir, `kafka-driver-${key}.tgz`);
}

function unpack(archive) {
  rmSync(join(packageDir, 'build'), { recursive: true, force: true });
  runQuietly('tar', ['-xzf', archive, '-C', packageDir]);
  if (loads()) return true;
  rmSync(archive, { force: true });
  return false;
}

/** Keeps what is loaded at run time only, stripped: 1.4 MB instead of 200. */
function pack(archive) {
  const stage = mkdtempSync(join(tmpdir(), 'kafka-driver-'));
  try {
    const release = join(stage, 'build', 'Release');
    const deps = join(stage, 'build', 'deps');
    mkdirSync(release, { recursive: true });
    mkdirSync(deps);
    const keep = (from, to, wanted) => {
      for (const name of readdirSync(from).filter(wanted)) {
        cpSync(join(from, name), join(to, name), { verbatimSymlinks: true });
      }
    };
    keep(join(packageDir, 'build', 'Release'), release, (name) => name.endsWith('.node'));
    keep(join(packageDir, 'build', 'deps'), deps, (name) => name.includes('.so'));
    const stripped = [release, deps].flatMap((dir) => readdirSync(dir).map((name) => join(dir, name)));
    spawnSync('strip', ['--strip-unneeded', ...stripped], { stdio: 'ignore' });
    mkdirSync(dirname(archive), { recursive: true });
    const partial = `${archive}.${process.pid}`;
    runQuietly('tar', ['-czf', partial, '-C', stage, 'build']);
    renameSync(partial, archive);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function download() {
  const program = join(root, 'node_modules', '@mapbox', 'node-pre-gyp', 'bin', 'node-pre-gyp');
  if (!existsSync(program)) return false;
  spawnSync(process.execPath, [program, 'install'], { cwd: packageDir, stdio: 'ignore', timeout: 30_000 });
  return loads();
}

async function compile() {
  ensurePackages(BUILD_PACKAGES, 'compiling the Kafka driver');
  rmSync(join(packageDir, 'build'), { recursive: true, force: true });
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include', 'node', 'node.h')) ? { npm_config_nodedir: prefix } : {};
  const env = { ...process.env, ...headers, CKJS_LINKING: 'dynamic', JOBS: String(availableParallelism()) };
  // Configured by itself first: within a parallel make, librdkafka's rules race for its config.h.
  runQuietly(process.execPath, ['util/configure'], { cwd: packageDir, env });
  const stdio = ['ignore', 'ignore', 'inherit'];
  const code = await run('npm', ['rebuild', '--foreground-scripts', '--loglevel=error', NAME], { env, stdio });
  if (code !== 0 || !loads()) throw new Error(`${NAME} could not be compiled; the lines above say why`);
}

/** After this the Kafka driver can be loaded. Throws with what to do where that cannot be reached. */
export async function ensureKafkaDriver() {
  if (!existsSync(packageDir)) throw new Error(`${NAME} is not installed: run npm ci --ignore-scripts`);
  if (loads()) return;
  const archive = archivePath();
  if (existsSync(archive) && unpack(archive)) return;
  if (download()) return;
  console.log('compiling the Kafka driver (once, one to two minutes)');
  await compile();
  pack(archive);
}

runAsProgram(import.meta.url, async () => {
  await ensureKafkaDriver();
  console.log(`kafka driver: ready (${archivePath()})`);
});
