/**
 * `npm start`: whatever is missing is installed and built, then the node starts in this very process, so that signals
 * and the exit code are its own. What follows `npm start --` is passed on to `polylog start`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { ensureKafkaDriver } from './kafka-driver.mjs';
import { root } from './project.mjs';

/** Whether the arguments or the environment ask for a log on Kafka; a flag goes before the environment. */
function wantsKafka(args) {
  const at = args.findLastIndex((arg) => arg === '--log' || arg.startsWith('--log='));
  const flag = at < 0 ? undefined : args[at] === '--log' ? args[at + 1] : args[at].slice('--log='.length);
  return (flag ?? process.env.POLYLOG_LOG ?? '').startsWith('kafka');
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
