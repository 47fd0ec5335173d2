import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { runPython } from '../harness/python.js';
import { sharedPostgres } from '../harness/shared-servers.js';
import { CASES } from './cases.js';
import { expectSame } from './compare.js';
import { environmentOf, type Observations, type Server } from './server.js';

/** Every type in both formats and both directions, and what else a Python program does with a connection. */
function observe(server: Server): Observations {
  const program = readFileSync(join(__dirname, 'psycopg-client.py'), 'utf8');
  return JSON.parse(runPython(program, { ...environmentOf(server), DRIVER_CASES: JSON.stringify(CASES) }));
}

describe('psycopg 3', () => {
  let node: PolylogNode;

  beforeAll(async () => {
    node = await startPolylog();
  }, 180_000);

  afterAll(() => node?.remove());

  it('sees what it sees of PostgreSQL', async () => {
    const expected = observe(await sharedPostgres());
    const actual = observe({ ...node, port: node.postgresPort });
    expectSame(actual, expected);
  }, 180_000);
});
