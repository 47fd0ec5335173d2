import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { chinookScript } from '../harness/chinook-script.js';
import { mariadb, targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';

const script = chinookScript('MySql');
const suite = script === null ? describe.skip : describe;

/** No such schema, no such table: the script has not come that far. */
const NOT_YET = new Set(['3F000', '42P01']);

suite('Chinook, from the script for MySQL (skipped without it: set POLYLOG_CHINOOK)', () => {
  let node: PolylogNode;
  let psql: Client;

  beforeAll(async () => {
    node = await startPolylog();
    psql = new Client({ ...targetOf(node) });
    await psql.connect();
  }, 60_000);

  afterAll(async () => {
    await psql?.end();
    await node?.remove();
  });

  /** The script through MariaDB's client; resolves with what it said of errors. */
  const load = async (): Promise<string> => {
    const where = ['--no-defaults', '-h', node.host, '-P', String(node.mysqlPort), '-u', node.user];
    const client = spawn('mariadb', where, { env: { ...process.env, MYSQL_PWD: node.password } });
    let said = '';
    client.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    createReadStream(script ?? '').pipe(client.stdin);
    await once(client, 'close');
    return said;
  };

  /** Rows changed or found, -1 where there is no such table yet. */
  const attempt = async (sql: string): Promise<number> => {
    try {
      return (await psql.query(sql)).rowCount ?? 0;
    } catch (error) {
      if (NOT_YET.has((error as { code?: string }).code ?? '')) return -1;
      throw error;
    }
  };

  it('loads with the mariadb client while a PostgreSQL client joins and changes its tables', async () => {
    let loaded = false;
    const loading = load().finally(() => {
      loaded = true;
    });
    const join = `select ar.name, count(*) from chinook.artist ar join chinook.album al on al.artistid = ar.artistid
      join chinook.track t on t.albumid = al.albumid group by ar.artistid, ar.name`;
    let changed = 0;
    while (!loaded || changed === 0) {
      await attempt(join);
      // Not a load of its own: the machine may be small.
      await sleep(50);
      if (changed < 1) changed = await attempt("update chinook.artist set name = name || '!' where artistid = 1");
    }
    expect(await loading).toBe('');
    expect(await attempt(join)).toBe(204);
    const chinook = { ...node, port: node.mysqlPort, database: 'chinook' };
    expect(
      await mariadb(
        chinook,
        "select Name from Artist where ArtistId = 1; select count(*) from Track; select count(*) from PlaylistTrack; select sum(Total) from Invoice; select Name from Artist where Name like 'Mot%' order by 1",
      ),
    ).toBe('AC/DC!\n3503\n8715\n2328.60\nMotörhead\nMotörhead & Girlschool\n');
    await expect(mariadb(chinook, 'delete from Artist where ArtistId = 1')).rejects.toThrow(/ERROR 1451 \(23000\)/);
  }, 120_000);
});
