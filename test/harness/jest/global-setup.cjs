/**
 * Before a jest run: a directory in which its workers agree on shared servers (../shared-servers.ts). Nothing is started
 * until a test asks. Plain JavaScript, because jest maps no module names in this file.
 */
const { chmodSync, mkdtempSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

module.exports = function setUp() {
  const run = mkdtempSync(join(tmpdir(), 'polylog-run-'));
  chmodSync(run, 0o755);
  writeFileSync(join(run, 'owner'), String(process.pid));
  process.env.POLYLOG_TEST_RUN = run;
};
