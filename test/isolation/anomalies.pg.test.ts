import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedPostgres } from '../harness/shared-servers.js';
import { ANOMALIES } from './anomalies.js';
import { LEVELS } from './scenario.js';
import { Runner, type Trace } from './trace.js';

describe.each(LEVELS)('anomalies at %s', (level) => {
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

  it.each(ANOMALIES)(
    '$name: as in PostgreSQL',
    async (scenario) => {
      const [expected, actual] = await Promise.all([postgres.run(scenario, level), polylog.run(scenario, level)]);
      // PostgreSQL looks for dangerous structures while a transaction runs, the certifier at the commit alone: at serializable a transaction
      // may hear of its failure at different statements. Who commits, and what comes of it, must be the same.
      if (level === 'serializable') expect(verdict(actual)).toEqual(scenario.stricter ?? verdict(expected));
      else expect(actual).toEqual(expected);
    },
    30_000,
  );
});

function verdict({ ends, outcome }: Trace): Pick<Trace, 'ends' | 'outcome'> {
  return { ends, outcome };
}
