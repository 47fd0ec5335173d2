import fc from 'fast-check';
import type { StoredRecord } from '#log/change-log.js';
import { rowVersionSchema } from '#schemas/events/avro-schema.js';
import { EventCodec, recordKey } from '#schemas/events/codec.js';
import type { Claim, LogEvent, ReadRange } from '#schemas/events/event.js';
import { writeWireHeader } from '#schemas/events/wire-format.js';
import type { ObjectId, Offset, Partition, ServerId, VersionId } from '#schemas/kernel/brand.js';
import { keyEncoder } from '#schemas/values/key.js';
import type { Row } from '#schemas/values/value.js';
import { Store } from '../rows/store.js';
import { rowKeyEncoder } from '../rows/table-data.js';
import { Folder } from './folder.js';
import { EMAIL_INDEX, PEOPLE } from './people.fixture.js';
import { RecordingCertifier } from './recording-certifier.fixture.js';
import { digestOf } from './store-digest.fixture.js';

const keyOf = rowKeyEncoder(PEOPLE) as (row: Row) => string;
const emailOf = keyEncoder(EMAIL_INDEX.columns);

function newCodec(): EventCodec {
  const text = JSON.stringify(rowVersionSchema(PEOPLE.event));
  const codec = new EventCodec({ schemaText: (id) => (id === 10 ? text : null) }, 1, 2);
  codec.bindShape(PEOPLE.event, 10);
  return codec;
}

/** Ids that compare in the order of `n`. */
const idOf = (n: number): VersionId =>
  `${(0x0190_0000_0000 + n)
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})/, '$1-')}-7000-8000-000000000000` as VersionId;

/** A log that several servers write into, who know nothing of each other but what they have read: their snapshots lie anywhere behind. */
const transactions = fc.array(
  fc.record({
    server: fc.integer({ min: 1, max: 3 }),
    age: fc.nat(8),
    writes: fc.array(
      fc.record({
        id: fc.integer({ min: 1, max: 5 }),
        email: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: null }),
        gone: fc.boolean(),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    reads: fc.array(fc.constantFrom('email', 'rows'), { maxLength: 1 }),
    lease: fc.integer({ min: 0, max: 19 }),
  }),
  { maxLength: 40 },
);
type Transactions = typeof transactions extends fc.Arbitrary<infer T> ? T : never;

const WHOLE = { from: '', to: '\u00ff'.repeat(9) };
const READS: Record<string, ReadRange> = {
  email: { object: EMAIL_INDEX.id, ...WHOLE },
  rows: { object: PEOPLE.id, ...WHOLE },
};

function logOf(all: Transactions): StoredRecord[] {
  const codec = newCodec();
  const records: StoredRecord[] = [];
  const put = (key: Uint8Array | null, event: LogEvent): void => {
    const value = Buffer.from(codec.encode(event));
    records.push({ key, value, timestampMs: 0, offset: records.length as Offset });
    codec.reset();
  };
  const epochs = [0, 0, 0, 0];
  let ids = 0;
  for (const { server, age, writes, reads, lease } of all) {
    if (lease === 0) {
      const epoch = (epochs[server] ?? 0) + 1;
      epochs[server] = epoch;
      const timestamp = (0x0190_0000_0000 + ids++) * 1_000;
      put(null, { kind: 'lease', action: 'taken', server: server as ServerId, epoch, holder: 'h', timestamp });
    }
    const transaction = idOf(++ids);
    const snapshot = Math.max(0, records.length - age) as Offset;
    writes.forEach(({ id, email, gone }, sequence) => {
      const row = [id, email, sequence];
      const key = keyOf(row);
      const claim: Claim = { object: EMAIL_INDEX.id, key: emailOf([email]) + (email === null ? key : '') };
      const epoch = epochs[server] ?? 0;
      const commit = { epoch, snapshot, events: writes.length, reads: reads.map((name) => READS[name] as ReadRange) };
      put(recordKey(PEOPLE.id, key), {
        kind: 'row',
        table: PEOPLE.id,
        schemaVersion: 1,
        key,
        version: idOf(++ids),
        previous: null,
        server: server as ServerId,
        transaction,
        sequence,
        op: gone ? 'delete' : 'insert',
        row: gone ? null : row,
        before: null,
        claims: gone ? [] : [claim],
        consistency: 'strict',
        timestamp: 0,
        uncertainty: 0,
        commit: sequence === writes.length - 1 ? commit : null,
      });
    });
  }
  return records;
}

/** An engine that gets the log in batches of this many records. */
async function folded(records: readonly StoredRecord[], batch: number, known: Map<number, string>): Promise<unknown> {
  const store = new Store();
  const shapes = {
    shapeOf: (id: ObjectId) => (id === PEOPLE.id ? PEOPLE : null),
    systemRowsChanged: () => undefined,
  };
  const folder = new Folder(store, newCodec(), new RecordingCertifier(known), shapes);
  for (let at = 0; at < records.length; at += batch) folder.fold(records.slice(at, at + batch));
  return digestOf(store, records.length);
}

describe('folding a log', () => {
  it('names the offset of a record that nobody understands', async () => {
    const value = Buffer.alloc(9);
    writeWireHeader(value, 0, 987_654);
    const record = { partition: 0 as Partition, offset: 41 as Offset, key: null, value, timestampMs: 0 };
    await expect(folded([record], 1, new Map())).rejects.toThrow(
      'the log cannot be understood at offset 41: the schema registry has no schema with id 987654',
    );
  });

  it('gives every engine the same verdicts and the same state, however many servers write and however the records come', async () => {
    await fc.assert(
      fc.asyncProperty(transactions, fc.integer({ min: 1, max: 7 }), async (all, batch) => {
        const records = logOf(all);
        const known = new Map<number, string>();
        const once = await folded(records, Math.max(records.length, 1), known);
        expect(await folded(records, batch, known)).toEqual(once);
      }),
      { numRuns: 200 },
    );
  });

  it('lets only one of two servers give a unique value that neither has seen of the other', async () => {
    const records = logOf([
      { server: 1, age: 0, writes: [{ id: 1, email: 'a', gone: false }], reads: [], lease: 1 },
      { server: 2, age: 1, writes: [{ id: 2, email: 'a', gone: false }], reads: [], lease: 1 },
      { server: 2, age: 2, writes: [{ id: 3, email: null, gone: false }], reads: [], lease: 1 },
      { server: 3, age: 3, writes: [{ id: 4, email: null, gone: false }], reads: [], lease: 1 },
    ]);
    const known = new Map<number, string>();
    const [live] = (await folded(records, 1, known)) as [number];
    expect(live).toBe(3);
    expect(known.get(1)).toContain('conflict');
  });
});
