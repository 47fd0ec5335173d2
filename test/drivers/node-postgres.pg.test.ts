import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedPostgres } from '../harness/shared-servers.js';
import { observeNodePostgres } from './node-postgres.js';
import { observePostgresJs } from './postgres-js.js';

describe('drivers for Node', () => {
  let node: PolylogNode;

  beforeAll(async () => {
    node = await startPolylog();
  }, 180_000);

  afterAll(() => node?.remove());

  it.each([
    ['node-postgres', observeNodePostgres],
    ['postgres.js', observePostgresJs],
  ])(
    '%s sees what it sees of PostgreSQL',
    async (_name, observe) => {
      const oracle = await sharedPostgres();
      const expected = await observe(oracle);
      const actual = await observe({ ...node, port: node.postgresPort });
      expect(actual).toEqual(expected);
    },
    180_000,
  );
});
