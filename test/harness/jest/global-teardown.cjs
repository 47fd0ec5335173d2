/** After a jest run: the shared servers that it started are ended. A run that was killed leaves that to their guards. */
const { readdirSync, readFileSync, rmSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return status.charAt(status.lastIndexOf(')') + 2) !== 'Z';
  } catch {
    return false;
  }
}

module.exports = async function tearDown() {
  const run = process.env.POLYLOG_TEST_RUN;
  for (const name of readdirSync(run).filter((each) => each.endsWith('.json'))) {
    const { ending } = JSON.parse(readFileSync(join(run, name), 'utf8'));
    if (ending === undefined) continue;
    for (const pid of ending.pids.filter(isAlive)) process.kill(pid, ending.signal);
    while (ending.pids.some(isAlive)) await sleep(20);
    rmSync(ending.directory, { recursive: true, force: true, maxRetries: 5 });
  }
  rmSync(run, { recursive: true, force: true });
};
