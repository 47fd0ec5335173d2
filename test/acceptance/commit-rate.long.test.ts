import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pgbench, psql, query, targetOf } from '../harness/client-programs.js';
import { startPolylog } from '../harness/polylog.js';
import { sharedKafka } from '../harness/shared-servers.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

const CLIENTS = 64;
const SECONDS = 10;
/** What a node must do on Kafka, single-row commits a second. Measured on two cores with the broker beside it: 14,000. */
const RATE_MIN = 5_000;

describe('single-row commits', () => {
  it(`come to ${RATE_MIN} a second on Kafka with ${CLIENTS} clients, and each is there`, async () => {
    const scratch = temporaryDirectory('commit-rate');
    const { bootstrap } = await sharedKafka();
    const node = await startPolylog({ log: `kafka://${bootstrap}/acceptance-commit-rate` });
    try {
      const target = targetOf(node);
      await psql(target, '-q', '-c', 'create table one (a int, b text)');
      const script = join(scratch.path, 'insert.sql');
      writeFileSync(script, "insert into one values (1, 'a row of a usual length')");
      const load = ['-n', '-M', 'prepared', '-f', script, '-c', String(CLIENTS), '-j', '2'];
      await pgbench(target, ...load, '-T', '3');
      const [before = ''] = await query(target, 'select count(*) from one');
      const report = await pgbench(target, ...load, '-T', String(SECONDS));
      expect(report).toContain('number of failed transactions: 0 ');
      const done = Number(/actually processed: (\d+)/.exec(report)?.[1]);
      const [after = ''] = await query(target, 'select count(*) from one');
      expect(Number(after) - Number(before)).toBe(done);
      expect(done / SECONDS).toBeGreaterThan(RATE_MIN);
    } finally {
      await node.remove();
      scratch.remove();
    }
  }, 120_000);
});
