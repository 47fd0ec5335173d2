import type { DigestRequest, TierDigests } from './projection-contract.js';

/** What the engine says of its tables: a request to the others, and its own answer. */
export interface EngineDigests extends TierDigests {
  readonly requests: readonly DigestRequest[];
}

/** A table that is not the same everywhere. */
export interface TableDifference {
  readonly name: string;
  /** Rows and digest by tier. */
  readonly tiers: Readonly<Record<string, { readonly rows: number; readonly digest: string }>>;
}

/** What a verification came to. */
export interface Verification {
  readonly offset: number;
  readonly tiers: readonly string[];
  readonly tables: number;
  readonly rows: number;
  readonly differences: readonly TableDifference[];
}

/** Who digests the same tables as of the same offset. */
export interface Verifiers {
  engine(): Promise<EngineDigests>;
  readonly others: ReadonlyArray<(offset: number, tables: readonly DigestRequest[]) => Promise<TierDigests>>;
}

/** Asks the engine for its digests, and everybody else for theirs as of the same offset (I3, I7). */
export async function verify({ engine, others }: Verifiers): Promise<Verification> {
  const own = await engine();
  const all: TierDigests[] = [own];
  // One after the other: each may need all the memory that a fold takes.
  for (const other of others) all.push(await other(own.offset, own.requests));
  const differences: TableDifference[] = [];
  for (const { table, name } of own.requests) {
    const tiers: Record<string, { rows: number; digest: string }> = {};
    for (const { tier, tables } of all) {
      const found = tables.find((each) => each.table === table);
      tiers[tier] = { rows: found?.rows ?? 0, digest: found?.digest ?? 'none' };
    }
    if (new Set(Object.values(tiers).map(({ rows, digest }) => `${rows} ${digest}`)).size > 1)
      differences.push({ name, tiers });
  }
  return {
    offset: own.offset,
    tiers: all.map(({ tier }) => tier),
    tables: own.requests.length,
    rows: own.tables.reduce((sum, { rows }) => sum + rows, 0),
    differences,
  };
}
