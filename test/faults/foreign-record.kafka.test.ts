/** A record in the log that nobody understands: whoever folds the log stops there, names it, and skips nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaLog } from '#log/kafka/kafka-log.js';
import { writeWireHeader } from '#schemas/events/wire-format.js';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { psql, targetOf } from '../harness/client-programs.js';
import { type Outcome, polylogCommand } from '../harness/command-line.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedKafka } from '../harness/shared-servers.js';

const UNKNOWN_ID = 987_654;
const STOP_TIMEOUT_MS = 30_000;

describe('a node in whose log a record of an unknown schema stands', () => {
  let node: PolylogNode;
  let url: string;

  beforeAll(async () => {
    url = `kafka://${(await sharedKafka()).bootstrap}/faults-foreign-record`;
    node = await startPolylog({ log: url });
    await psql(targetOf(node), '-q', '-c', 'create table t (n int primary key)', '-c', 'insert into t values (1)');
  }, 90_000);
  afterAll(() => node?.remove(), 60_000);

  async function append(): Promise<Offset> {
    const log = await KafkaLog.open({ url });
    try {
      const value = Buffer.alloc(32, 'x');
      writeWireHeader(value, 0, UNKNOWN_ID);
      return await log.append(0 as Partition, [{ key: null, value, timestampMs: Date.now() }]);
    } finally {
      await log.close();
    }
  }

  async function untilSaid(words: string): Promise<void> {
    for (const end = Date.now() + STOP_TIMEOUT_MS; !node.output().includes(words) && Date.now() < end; )
      await sleep(100);
    expect(node.output()).toContain(words);
  }

  it('passes it nowhere, and says where it stands', async () => {
    const command = (...words: string[]): Promise<Outcome> => polylogCommand(...words, '--data', node.dataDirectory);
    const offset = await append();
    const reason = `the schema registry has no schema with id ${UNKNOWN_ID}`;
    const stopped = (name: string): string => `projection ${name} has stopped at offset ${offset}: ${reason}`;
    for (const name of ['ingestion', 'olap']) await untilSaid(`"process":"${name}","reason":"${stopped(name)}"`);
    const status = await command('projection', 'status');
    expect(status).toMatchObject({ code: 1, stderr: 'polylog: stopped: ingestion, olap\n' });
    expect(status.stdout).toBe(`ingestion: ${stopped('ingestion')}\nolap: ${stopped('olap')}\n`);
    expect((await command('verify')).stderr).toContain(stopped('ingestion'));
    expect((await command('projection', 'rebuild', 'olap')).stderr).toContain(stopped('olap'));
    // The engine meets it when it commits next.
    await psql(targetOf(node), '-q', '-c', 'insert into t values (2)').catch(() => undefined);
    await untilSaid(`the log cannot be understood at offset ${offset}: ${reason}`);
    // It would meet it again, however often it is started.
    await untilSaid('process has refused to go on; the node ends');
  }, 120_000);
});
