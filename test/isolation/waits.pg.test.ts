import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedPostgres } from '../harness/shared-servers.js';
import { Runner } from './trace.js';
import { OTHER_PARTNERS, WAITS } from './waits.js';

describe('those who wait, at read committed', () => {
  let node: PolylogNode;
  let postgres: Runner;
  let polylog: Runner;

  beforeAll(async () => {
    const [oracle, started] = await Promise.all([sharedPostgres(), startPolylog()]);
    node = started;
    postgres = new Runner(oracle);
    polylog = new Runner({ ...started, port: started.postgresPort });
  }, 120_000);

  afterAll(() => node?.remove());

  it.each(WAITS)(
    '$name: as in PostgreSQL',
    async (scenario) => {
      const [expected, actual] = await Promise.all([
        postgres.run(scenario, 'read committed'),
        polylog.run(scenario, 'read committed'),
      ]);
      expect(actual).toEqual(expected);
    },
    30_000,
  );

  it.each(OTHER_PARTNERS)(
    '$scenario.name: of the newest state',
    async ({ scenario, outcome }) => {
      expect(await polylog.run(scenario, 'read committed')).toMatchObject({ outcome: [outcome] });
    },
    30_000,
  );
});
