import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedPostgres } from '../harness/shared-servers.js';
import { askAll, KEYS, ROWS, TABLES } from './lock-conflicts.js';
import type { Server } from './trace.js';

describe('which locks keep which statements out', () => {
  let node: PolylogNode;
  let postgres: Server;
  let polylog: Server;

  beforeAll(async () => {
    const [oracle, started] = await Promise.all([sharedPostgres(), startPolylog()]);
    node = started;
    postgres = oracle;
    polylog = { ...started, port: started.postgresPort };
  }, 120_000);

  afterAll(() => node?.remove());

  it.each([
    ['tables', TABLES],
    ['the tables of foreign keys', KEYS],
    ['rows', ROWS],
  ] as const)(
    '%s: as in PostgreSQL',
    async (_, conflicts) => {
      const [expected, actual] = await Promise.all([askAll(postgres, conflicts), askAll(polylog, conflicts)]);
      expect(actual).toEqual(expected);
    },
    60_000,
  );
});
