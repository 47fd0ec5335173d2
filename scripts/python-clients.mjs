/** Puts the Python clients of tests (test/harness/python-requirements.txt) into .cache/, once a version of the list. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, runAsProgram } from './project.mjs';
import { ensurePackages } from './system-packages.mjs';

/** After this tests find them; returns their interpreter. Needs a build. */
export async function ensurePythonClients() {
  // Debian keeps what makes environments apart from Python itself.
  const complete = spawnSync('python3', ['-c', 'import venv, ensurepip']).status === 0;
  if (!complete) ensurePackages(['python3', 'python3-venv'], 'Python clients in tests');
  const harness = join(root, 'dist', 'test', 'harness', 'python.js');
  const { pythonWithClients } = await import(pathToFileURL(harness).href);
  return pythonWithClients();
}

runAsProgram(import.meta.url, async () => {
  console.log(await ensurePythonClients());
});
