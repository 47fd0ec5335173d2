/** What the socket between gateway and engine costs: the gateway in a process of its own beside the one in the engine. */
import { alternate, ratioOf, type Side } from '../alternation.js';
import { type BenchOptions, PLACEMENTS, type Script } from '../options.js';
import { initialize, runPgbench } from '../pgbench.js';
import { progress, type SectionResult } from '../section.js';
import { polylogServer, stopAll } from '../servers.js';
import { shown } from '../table.js';

const TASKS: readonly Script[] = ['select-only', 'simple-update'];
const CLIENTS = [1, 8];
const SCALE = 1;

export async function placement(options: BenchOptions): Promise<SectionResult> {
  const servers = [];
  const measured: { script: Script; clients: number; process: Side; engine: Side; ratio: number | null }[] = [];
  try {
    for (const where of PLACEMENTS) {
      const server = await polylogServer({ name: `gateway in ${where}`, flags: ['--gateway-placement', where] });
      servers.push(server);
      progress(`${server.name}: tables of scale ${SCALE}`);
      await initialize(server, SCALE);
      for (const builtin of TASKS)
        await runPgbench(server, { script: { builtin }, clients: 4, seconds: 1, ownTables: true });
    }
    for (const script of TASKS) {
      for (const clients of CLIENTS) {
        const work = { script: { builtin: script }, clients, seconds: options.seconds, ownTables: true };
        const sides = await alternate(servers, work, options.rounds, `${script}, ${clients} clients`);
        const [apart, inside] = sides as [Side, Side];
        measured.push({ script, clients, process: apart, engine: inside, ratio: ratioOf(apart, inside) });
      }
    }
  } finally {
    await stopAll(servers);
  }
  const tps = (side: Side): string => (side.failures.length > 0 ? 'FAILED' : shown(side.tps));
  return {
    title: `placement: gateway.placement, pgbench -M prepared at scale ${SCALE}, transactions/s (median latency in ms)`,
    columns: ['script', 'clients', 'process', 'p50', 'engine', 'p50', 'engine to process'],
    rows: measured.map(({ script, clients, process: apart, engine, ratio }) => [
      script,
      String(clients),
      tps(apart),
      shown(apart.p50Ms),
      tps(engine),
      shown(engine.p50Ms),
      ratio === null ? '-' : `${ratio.toFixed(2)}×`,
    ]),
    verdicts: [],
    failures: measured.flatMap(({ script, clients, ...sides }) =>
      [sides.process, sides.engine].flatMap(({ server, failures }) =>
        failures.map((reason) => `${script}, ${clients} clients, ${server}: ${reason}`),
      ),
    ),
    data: measured,
  };
}
