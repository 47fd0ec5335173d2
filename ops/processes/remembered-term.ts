import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HeldTerm } from '#engines/serve/log-holding.js';

/** File of the data folder that says under which server id, and in which of its terms, the node has written a shared log. */
const NAME = 'server-term';

/** Null for a node that has none. A file that cannot be read costs the node its number, and nothing else. */
export function rememberedTerm(data: string): HeldTerm | null {
  try {
    const [server, epoch] = readFileSync(join(data, NAME), 'utf8').trim().split(' ').map(Number);
    return Number.isInteger(server) && Number.isInteger(epoch) ? ({ server, epoch } as HeldTerm) : null;
  } catch {
    return null;
  }
}

export function rememberTerm(data: string, { server, epoch }: HeldTerm): void {
  writeFileSync(join(data, NAME), `${server} ${epoch}\n`, { mode: 0o600 });
}
