/** Client programs against any server, PostgreSQL's own above all. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { postgresBin } from '../harness/postgres.js';
import type { Server } from './servers.js';

export interface ProgramEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves when it has ended, however; it is killed when the time is over (code null). */
export function runProgram(
  program: string,
  args: readonly string[],
  timeoutMs: number,
  env: Readonly<Record<string, string>> = {},
): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

/** The same of PostgreSQL's own, told where the server is. */
export function runClient(
  program: 'pgbench' | 'psql',
  server: Server,
  args: readonly string[],
  timeoutMs: number,
): Promise<ProgramEnd> {
  const target = ['-h', server.host, '-p', String(server.port), '-U', server.user];
  const env = { PGPASSWORD: server.password };
  return runProgram(join(postgresBin(), program), [...target, ...args, server.database], timeoutMs, env);
}

const SQL_TIMEOUT_MS = 120_000;

/** Rows of a statement, columns joined by |. Throws with what psql said where it fails. */
export async function sql(server: Server, statement: string, timeoutMs = SQL_TIMEOUT_MS): Promise<string> {
  const end = await runClient('psql', server, ['-X', '-At', '-v', 'ON_ERROR_STOP=1', '-c', statement], timeoutMs);
  if (end.code !== 0) throw new Error(`${server.name}: ${statement}: ${end.stderr.trim() || `ended with ${end.code}`}`);
  return end.stdout.trim();
}
