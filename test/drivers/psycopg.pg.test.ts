import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { projectRoot } from '../harness/project-root.js';
import { pythonWithClients } from '../harness/python.js';
import { sharedPostgres } from '../harness/shared-servers.js';
import { CASES } from './cases.js';
import { environmentOf, type Observations, type Server } from './server.js';

function observe(server: Server): Observations {
  const program = join(projectRoot(), 'test', 'drivers', 'psycopg-client.py');
  const env = { ...process.env, ...environmentOf(server) };
  const printed = execFileSync(pythonWithClients(), [program, JSON.stringify(CASES)], { encoding: 'utf8', env });
  return JSON.parse(printed) as Observations;
}

describe('psycopg 3', () => {
  let node: PolylogNode;

  beforeAll(async () => {
    node = await startPolylog();
  }, 60_000);

  afterAll(() => node?.remove());

  it('sees what it sees of PostgreSQL', async () => {
    const expected = observe(await sharedPostgres());
    expect(Object.keys(expected).length).toBeGreaterThan(200);
    expect(observe({ ...node, port: node.postgresPort })).toEqual(expected);
  }, 120_000);
});
