/**
 * `npm start`: whatever is missing is installed and built, then the node starts in this very process, so that signals
 * and the exit code are its own. What follows `npm start --` is passed on to `polylog start`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { ensureKafkaDriver } from './kafka-driver.mjs';
import { root } from './project.mjs';

/** What a flag says, as `--flag value` or `--flag=value`; undefined where it is not given. The last one counts. */
function flag(args, name) {
  const at = args.findLastIndex((arg) => arg === name || arg.startsWith(`${name}=`));
  if (at < 0) return undefined;
  return args[at] === name ? args[at + 1] : args[at].slice(name.length + 1);
}

/** The log that a used data folder names, as ops/processes/remembered-log.ts keeps it. */
function rememberedLog(data) {
  const path = join(data, 'log-url');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** Whether the arguments, the environment or the data folder ask for a log on Kafka, in this order. */
function wantsKafka(args) {
  const data = flag(args, '--data') ?? process.env.POLYLOG_DATA ?? 'data';
  return (flag(args, '--log') ?? process.env.POLYLOG_LOG ?? rememberedLog(data)).startsWith('kafka');
}

const args = process.argv.slice(2);
try {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) throw new Error(`Node ${process.version} is too old: 20.19 or later`);
  await ensureInstalled();
  await ensureBuilt();
  if (wantsKafka(args)) await ensureKafkaDriver();
  const main = join(root, 'dist', 'ops', 'cli', 'main.js');
  if (!existsSync(main)) throw new Error('the build left no dist/ops/cli/main.js');
  process.argv = [process.execPath, main, 'start', ...args];
  await import(pathToFileURL(main).href);
} catch (error) {
  console.error(`polylog: ${error.message}`);
  process.exitCode = 1;
}
