import type { ProjectionFigures, ProjectionStatus } from '../processes/projection-contract.js';
import type { Verification } from '../processes/verification.js';
import { CommandFailed } from './command-failed.js';
import type { NodeHttp } from './node-http.js';

/** `polylog projection status`: a line for each projection that runs. Throws CommandFailed where one has refused to go on. */
export async function printProjections(node: NodeHttp, json: boolean): Promise<void> {
  const all = (await node.get('/projections')) as readonly ProjectionStatus[];
  if (json) {
    process.stdout.write(`${JSON.stringify(all)}\n`);
    return;
  }
  const lines = all.map((each) => {
    const { name } = each;
    if ('stopped' in each) return `${name}: ${each.stopped}`;
    const { applied, rebuild } = each;
    const state = rebuild?.done === false ? `, being rebuilt: ${rebuild.events} events so far` : '';
    return `${name}: everything below offset ${applied} is applied${state}`;
  });
  process.stdout.write(`${lines.length === 0 ? 'no projection runs' : lines.join('\n')}\n`);
  const stopped = all.filter((each) => 'stopped' in each).map(({ name }) => name);
  if (stopped.length > 0) throw new CommandFailed(`stopped: ${stopped.join(', ')}`);
}

/** `polylog projection rebuild NAME`. Returns when the projection is where it was. */
export async function rebuildProjection(node: NodeHttp, name: string): Promise<void> {
  const { rebuild, applied } = (await node.run(
    `/projections/${encodeURIComponent(name)}/rebuild`,
  )) as ProjectionFigures;
  const { events = 0, ms = 0 } = rebuild ?? {};
  const rate = ms === 0 ? events : Math.round((events / ms) * 1_000);
  process.stdout.write(
    `projection ${name} rebuilt up to offset ${applied}: ${events} events in ${ms} ms (${rate}/s)\n`,
  );
}

/** `polylog verify`: every tier's digest of every table as of one offset. Throws CommandFailed where they differ. */
export async function verifyNode(node: NodeHttp): Promise<void> {
  const { offset, tiers, tables, rows, differences } = (await node.run('/verify')) as Verification;
  for (const { name, tiers: found } of differences) {
    const said = Object.entries(found).map(([tier, { rows: count, digest }]) => `${tier} ${count} rows ${digest}`);
    process.stdout.write(`${name} differs: ${said.join(', ')}\n`);
  }
  const where = `${tables} tables, ${rows} rows at offset ${offset} (${tiers.join(', ')})`;
  if (differences.length > 0) throw new CommandFailed(`${differences.length} of ${where} differ`);
  process.stdout.write(`verified: ${where} are equal\n`);
}
