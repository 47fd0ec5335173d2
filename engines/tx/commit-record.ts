import type { LogRecord } from '#log/change-log.js';
import type { CertifiedKeys } from '#log/transactions/certified-keys.js';
import { certifiedKey } from '#log/transactions/certifier.js';
import { recordKey } from '#schemas/events/codec.js';
import { type Claim, type Commit, FIRST_USER_OBJECT, type RowVersion } from '#schemas/events/event.js';
import { assert } from '#schemas/kernel/assert.js';
import type { Offset, ServerId } from '#schemas/kernel/brand.js';
import type { Row } from '#schemas/values/value.js';
import type { IndexData } from '../rows/index-data.js';
import type { Version } from '../rows/version.js';
import type { Unit, Write } from './unit.js';

/** Encodes events into log values; schemas/events/codec.ts is it. */
export interface EventEncoder {
  encode(event: RowVersion): Uint8Array;
  /** The bytes of earlier encodings may be overwritten. */
  reset(): void;
}

/**
 * The writes that a transaction comes to: for each row its last version, and what stood there before the transaction. A row that came and went within it is nothing.
 */
export function netWrites(unit: Unit): readonly Write[] {
  const { writes } = unit;
  if (writes.length === 1) return isNet(writes[0] as Write, unit) ? writes : [];
  return writes.filter((write) => isNet(write, unit));
}

function isNet({ data, version }: Write, unit: Unit): boolean {
  // Not the last of this transaction's versions of the row?
  let head: Version | null = data.rows.get(version.key) ?? null;
  while (head !== null && head.writer !== unit) head = head.previous;
  if (head !== version) return false;
  return version.row !== null || replacesRow(version);
}

/** The live version that this transaction's versions of a row replace; null for a row that was not there. */
function baseOf(version: Version): Version | null {
  let base = version.previous;
  while (base !== null && base.writer === version.writer) base = base.previous;
  return base === null || base.row === null ? null : base;
}

/** Was the row there before the transaction that wrote `version`? */
export function replacesRow(version: Version): boolean {
  return baseOf(version) !== null;
}

export interface CommitStamp {
  readonly server: ServerId;
  readonly epoch: number;
  readonly snapshot: Offset;
  /** Microseconds since 1970. */
  readonly timestamp: number;
  readonly uncertainty: number;
}

const NO_CLAIMS: readonly Claim[] = [];

/** The places that a row takes in the unique indexes of its table. */
function claimsOf(indexes: readonly IndexData[], key: string, row: Row): readonly Claim[] {
  let claims: Claim[] | null = null;
  for (let i = 0; i < indexes.length; i++) {
    const index = indexes[i] as IndexData;
    if (!index.shape.unique) continue;
    const columns = index.keyOf(row);
    if (columns === null) continue;
    claims ??= [];
    claims.push({ object: index.shape.id, key: index.constrains(row) ? columns : columns + key });
  }
  return claims ?? NO_CLAIMS;
}

/** The places in unique indexes that a write takes and its row did not have before, as the certifier knows them. */
export function newClaims({ data, version }: Write): readonly string[] {
  if (version.row === null || !version.moved) return [];
  return claimsOf(data.indexes, version.key, version.row).map(({ object, key }) => certifiedKey(object, key));
}

/** The log record of one net write. `commit` on the transaction's last. `written`: is told under which keys the certifier knows it. */
export function encodeWrite(
  { data, version }: Write,
  unit: Unit,
  sequence: number,
  stamp: CommitStamp,
  commit: Commit | null,
  encoder: EventEncoder,
  written: CertifiedKeys,
): LogRecord {
  assert(unit.id !== null, 'a transaction is sent without an id');
  const base = baseOf(version);
  const { event } = data.shape;
  const claims = version.row === null ? NO_CLAIMS : claimsOf(data.indexes, version.key, version.row);
  const value = encoder.encode({
    kind: 'row',
    table: data.id,
    schemaVersion: event.schemaVersion,
    key: version.key,
    version: version.id,
    previous: base === null ? null : base.id,
    server: stamp.server,
    transaction: unit.id,
    sequence,
    op: version.row === null ? 'delete' : base === null ? 'insert' : 'update',
    row: version.row,
    before: null,
    claims,
    consistency: 'strict',
    timestamp: stamp.timestamp,
    uncertainty: stamp.uncertainty,
    commit,
  });
  written.add({ table: data.id, key: version.key, claims });
  return { key: recordKey(data.id, version.key), value, timestampMs: Math.floor(stamp.timestamp / 1_000) };
}

export function definesTables({ data }: Write): boolean {
  return data.id < FIRST_USER_OBJECT;
}
