import pg from 'pg';
import { type Target, targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedPostgres } from '../harness/shared-servers.js';

const STATES = `select application_name, usename = current_user as same, datname = current_database() as here,
  pid = pg_backend_pid() as own, state from pg_stat_activity where application_name like 'act-%' order by application_name`;

/** What one session sees of itself and of three others: one that idles, one in a transaction, one whose transaction has failed. */
async function seen({ host, port, user, password, database }: Target): Promise<unknown> {
  const clients: pg.Client[] = [];
  const open = async (name: string): Promise<pg.Client> => {
    const client = new pg.Client({ host, port, user, password, database, application_name: name });
    clients.push(client);
    await client.connect();
    return client;
  };
  try {
    await open('act-idle');
    // A gateway tells of a BEGIN with the statement that follows it.
    const inside = await open('act-inside');
    await inside.query('begin');
    await inside.query('select 1');
    const failed = await open('act-failed');
    await failed.query('begin');
    await failed.query('select 1/0').catch(() => undefined);
    const asking = await open('act-asking');
    const { rows } = await asking.query(STATES);
    const { processID } = asking as pg.Client & { processID: number };
    const [{ pid }] = (await asking.query('select pg_backend_pid() as pid')).rows as [{ pid: number }];
    return { rows, pidIsThatOfCancel: pid === processID };
  } finally {
    for (const client of clients) await client.end();
  }
}

describe('pg_stat_activity', () => {
  let node: PolylogNode;

  beforeAll(async () => {
    node = await startPolylog();
  }, 180_000);

  afterAll(() => node?.remove());

  it('shows the sessions that PostgreSQL shows, in the same states', async () => {
    const ours = await seen(targetOf(node));
    expect(ours).toMatchObject({ pidIsThatOfCancel: true });
    expect(ours).toEqual(await seen(await sharedPostgres()));
  }, 60_000);
});
