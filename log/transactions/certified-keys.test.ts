import { COMMENTS, EVENT_SCHEMAS } from '#schemas/catalog/system-tables.js';
import type { ObjectId, Offset, ServerId } from '#schemas/kernel/brand.js';
import { CATALOG_READ, CertifiedKeys } from './certified-keys.js';
import { Certifier } from './certifier.js';

const TABLE = 20_000 as ObjectId;
const INDEX = 20_001 as ObjectId;

function keysOf(definesTables: boolean, ...tables: readonly ObjectId[]): readonly string[] {
  const keys = new CertifiedKeys(definesTables);
  for (const table of tables) keys.add({ table, key: 'k', claims: [{ object: INDEX, key: 'c' }] });
  return keys.all;
}

/** Is one who has read the catalog refused behind a commit of these? */
function refusesReader(writes: readonly string[]): boolean {
  const certifier = new Certifier();
  const own = { server: 1 as ServerId, epoch: 1, snapshot: 5 as Offset };
  certifier.admit({ ...own, offset: 7 as Offset, writes, reads: [] });
  const reader = { ...own, server: 2 as ServerId, offset: 9 as Offset, writes: [], reads: [CATALOG_READ] };
  return certifier.judge(reader).kind !== 'commit';
}

describe('the keys under which commits are certified', () => {
  it('are those of rows and of their claims', () => {
    expect(keysOf(false, TABLE, TABLE)).toHaveLength(4);
    expect(refusesReader(keysOf(false, TABLE))).toBe(false);
  });

  it('tell who has read the catalog of any change of it, and of nothing else', () => {
    expect(refusesReader(keysOf(true, COMMENTS.shape.id, TABLE))).toBe(true);
    expect(refusesReader(keysOf(true, TABLE, COMMENTS.shape.id))).toBe(true);
    expect(refusesReader(keysOf(true, EVENT_SCHEMAS.shape.id, TABLE))).toBe(false);
  });
});
