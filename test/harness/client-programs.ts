/** The client programs of PostgreSQL and MariaDB, against any server that speaks their protocol. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { postgresBin } from './postgres.js';

/** Where a client connects to. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** The PostgreSQL side of a Polylog node, of its own database unless another is named. */
export function targetOf(
  node: Omit<Target, 'port'> & { readonly postgresPort: number },
  database: string = node.database,
): Target {
  const { host, postgresPort: port, user, password } = node;
  return { host, port, user, password, database };
}

const OUTPUT_BYTES_MAX = 64 << 20;

function run(program: string, target: Target, args: readonly string[]): Promise<string> {
  const { host, port, user, password, database } = target;
  const env = { ...process.env, PGPASSWORD: password, PGDATABASE: database, PGOPTIONS: '', PGTZ: 'UTC' };
  const where = ['-h', host, '-p', String(port), '-U', user];
  return new Promise((resolve, reject) => {
    const options = { env, maxBuffer: OUTPUT_BYTES_MAX, encoding: 'utf8' as const };
    execFile(join(postgresBin(), program), [...where, ...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(`${stdout}${stderr}`);
      else reject(new Error(`${program} ${args.join(' ')}: ${error.message}\n${stdout}${stderr}`));
    });
  });
}

/** psql without a user's own settings; the first error of a script fails it. Resolves with all that it printed. */
export function psql(target: Target, ...args: readonly string[]): Promise<string> {
  return run('psql', target, ['-X', '-v', 'ON_ERROR_STOP=1', ...args]);
}

/** The rows of one query, a line each, fields separated by |. */
export async function query(target: Target, sql: string): Promise<string[]> {
  const text = await psql(target, '-q', '-A', '-t', '-P', 'null=(null)', '-c', sql);
  return text.split('\n').slice(0, -1);
}

/** pgbench; fails where pgbench itself fails. Resolves with its report. */
export function pgbench(target: Target, ...args: readonly string[]): Promise<string> {
  return run('pgbench', target, args);
}

/** MariaDB's client, where `port` speaks MySQL. Resolves with the rows, a line each, fields separated by tabs; the first error fails it. */
export function mariadb(target: Target, sql: string): Promise<string> {
  const { host, port, user, password, database } = target;
  const args = ['--no-defaults', '-h', host, '-P', String(port), '-u', user, '-N', '-B', '-e', sql, database];
  const options = { env: { ...process.env, MYSQL_PWD: password }, encoding: 'utf8' as const };
  return new Promise((resolve, reject) => {
    execFile('mariadb', args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`mariadb: ${error.message}\n${stdout}${stderr}`));
    });
  });
}
