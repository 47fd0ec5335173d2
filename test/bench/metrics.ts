import type { PolylogNode } from '../harness/polylog.js';

/** A figure of /metrics by its name without labels. Throws where there is none. */
export async function metric(node: PolylogNode, name: string): Promise<number> {
  const text = await (await fetch(`http://${node.host}:${node.httpPort}/metrics`)).text();
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error(`/metrics says nothing of ${name}`);
  return Number(value);
}
