/** Python clients for tests: a virtual environment in .cache/ with what python-requirements.txt names. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './project-root.js';

/** The environment of the tests' clients; returns the path of its interpreter. Throws where pip cannot. */
export function pythonWithClients(): string {
  return pythonWith('test/harness/python-requirements.txt');
}

/** An environment with what a file of the project asks for, made once for each version of it; returns the path of its interpreter. Throws where pip cannot. */
export function pythonWith(file: string): string {
  const root = projectRoot();
  const requirements = join(root, file);
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const environment = join(root, '.cache', `python-${digest}`);
  const interpreter = join(environment, 'bin', 'python');
  if (existsSync(join(environment, 'complete'))) return interpreter;
  mkdirSync(join(root, '.cache'), { recursive: true });
  // Scripts of a virtual environment name its path, so it is made in place and marked when whole.
  rmSync(environment, { recursive: true, force: true });
  execFileSync('python3', ['-m', 'venv', environment], { stdio: 'pipe' });
  execFileSync(interpreter, ['-m', 'pip', 'install', '--quiet', '-r', requirements], { stdio: 'pipe' });
  mkdirSync(join(environment, 'complete'));
  return interpreter;
}

/** Runs a program text and returns what it printed; throws with its errors where it fails. */
export function runPython(program: string, env: Readonly<Record<string, string>> = {}): string {
  const options = { input: program, encoding: 'utf8' as const, env: { ...process.env, ...env } };
  return execFileSync(pythonWithClients(), ['-'], options);
}
