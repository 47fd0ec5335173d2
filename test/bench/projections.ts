/** The projections of a node, as the benchmark waits for them and makes them anew. */
import { polylogCommand } from '../harness/command-line.js';
import type { PolylogNode } from '../harness/polylog.js';

const POLL_MS = 20;
/** Of a node as it starts by default. */
const PROJECTIONS = 2;
/** Lines of a node's output that a failure is told with. */
const COMPLAINTS = 10;

/** By all projections. One that has much to do may be late to answer. */
export async function applied(node: PolylogNode): Promise<number> {
  for (;;) {
    const answer = await fetch(`http://${node.host}:${node.httpPort}/projections`);
    const all = answer.ok ? ((await answer.json()) as { applied: number }[]) : [];
    if (all.length === PROJECTIONS) return Math.min(...all.map((each) => each.applied));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Until the projections have stood still for a while. */
export async function caughtUp(node: PolylogNode): Promise<void> {
  for (let last = -1, still = 0; still < 25; await new Promise((resolve) => setTimeout(resolve, POLL_MS))) {
    const now = await applied(node);
    still = now === last ? still + 1 : 0;
    last = now;
  }
}

/** Events a second of a rebuild. Throws with what was said where there was none. */
export async function rebuildRate(node: PolylogNode, name: string): Promise<number> {
  const { stdout, stderr } = await polylogCommand('projection', 'rebuild', name, '--data', node.dataDirectory);
  const rate = /\((\d+)\/s\)/.exec(stdout)?.[1];
  if (rate === undefined) throw new Error(`rebuild of ${name}: ${stderr.trim()} ${complaints(node)}`);
  return Number(rate);
}

/** What the node has last warned of: that a process has ended says nothing of why. */
function complaints(node: PolylogNode): string {
  const lines = node.output().split('\n');
  return lines
    .filter((line) => !line.startsWith('{"level":"info"'))
    .slice(-COMPLAINTS)
    .join(' ')
    .trim();
}
