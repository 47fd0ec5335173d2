import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { isAlive } from './guarded-process.js';
import { postgresBin, startPostgres } from './postgres.js';
import { sharedPostgres } from './shared-servers.js';

function ask(server: { host: string; port: number; user: string; password: string; database: string }, sql: string) {
  const target = ['-h', server.host, '-p', String(server.port), '-U', server.user, '-d', server.database];
  const env = { ...process.env, PGPASSWORD: server.password };
  return execFileSync(join(postgresBin(), 'psql'), ['-XAtc', sql, ...target], { encoding: 'utf8', env }).trim();
}

describe('PostgreSQL for tests', () => {
  it('is version 15, and is gone with its data after stop', async () => {
    const server = await startPostgres({ settings: { work_mem: '7MB' } });
    expect(ask(server, 'show server_version_num')).toMatch(/^15/);
    expect(ask(server, 'show work_mem')).toBe('7MB');
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  }, 60_000);

  it('is one server for all who share it', async () => {
    const [first, second] = await Promise.all([sharedPostgres(), sharedPostgres()]);
    expect(second.port).toBe(first.port);
    expect(ask(first, 'select 6 * 7')).toBe('42');
  }, 60_000);
});
