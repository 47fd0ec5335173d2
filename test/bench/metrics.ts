import type { PolylogNode } from '../harness/polylog.js';
import type { Bucket } from './histogram.js';

async function metrics(node: PolylogNode): Promise<string> {
  return (await fetch(`http://${node.host}:${node.httpPort}/metrics`)).text();
}

/** A figure of /metrics by its name without labels. Throws where there is none. */
export async function metric(node: PolylogNode, name: string): Promise<number> {
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(await metrics(node))?.[1];
  if (value === undefined) throw new Error(`/metrics says nothing of ${name}`);
  return Number(value);
}

/** A histogram of /metrics by its name. Throws where there is none. */
export async function histogram(node: PolylogNode, name: string): Promise<Bucket[]> {
  const lines = (await metrics(node)).matchAll(new RegExp(`^${name}_bucket\\{le="([^"]+)"\\} (\\d+)$`, 'gm'));
  const buckets = [...lines].map(([, bound, count]) => ({
    upTo: bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound),
    count: Number(count),
  }));
  if (buckets.length === 0) throw new Error(`/metrics says nothing of ${name}`);
  return buckets;
}
