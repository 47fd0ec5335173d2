import fc from 'fast-check';
import type { ObjectId, Offset, ServerId, VersionId } from '../kernel/brand.js';
import { Interval } from '../values/interval.js';
import { Numeric } from '../values/numeric.js';
import type { SqlType } from '../values/type.js';
import type { Row, Value } from '../values/value.js';
import { COMMIT_EVENT_SCHEMA, rowVersionSchema } from './avro-schema.js';
import { EventCodec, recordKey } from './codec.js';
import type { EventShape, LogEvent, RowVersion } from './event.js';

const TYPES: ReadonlyArray<readonly [SqlType, fc.Arbitrary<Value>]> = [
  [{ kind: 'boolean' }, fc.boolean()],
  [{ kind: 'integer' }, fc.integer()],
  [{ kind: 'bigint' }, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [
    { kind: 'numeric', precision: 30, scale: 4 },
    fc.oneof(
      fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map((u) => new Numeric(u, 4)),
      fc.constant(new Numeric(0n, 0, 'NaN')),
    ),
  ],
  [
    { kind: 'numeric', precision: null, scale: null },
    fc.tuple(fc.bigInt(), fc.nat(20)).map(([u, s]) => new Numeric(u, s)),
  ],
  [{ kind: 'double' }, fc.double()],
  [{ kind: 'real' }, fc.float()],
  [{ kind: 'text' }, fc.string({ unit: 'grapheme' })],
  [{ kind: 'bytea' }, fc.uint8Array().map((a) => Buffer.from(a))],
  [
    { kind: 'date' },
    fc.oneof(
      fc.integer({ min: -100_000, max: 100_000 }),
      fc.constant(Number.POSITIVE_INFINITY),
      fc.constant(Number.NEGATIVE_INFINITY),
    ),
  ],
  [{ kind: 'time' }, fc.integer({ min: 0, max: 86_400_000_000 })],
  [{ kind: 'timestamptz' }, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [
    { kind: 'interval' },
    fc
      .tuple(fc.integer(), fc.integer(), fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }))
      .map(([m, d, u]) => new Interval(m, d, u)),
  ],
  [{ kind: 'interval' }, fc.constant(new Interval(1, 2, 3n))],
  [{ kind: 'uuid' }, fc.uuid()],
  [{ kind: 'jsonb' }, fc.json()],
  [
    { kind: 'array', element: { kind: 'bigint' } },
    fc.array(fc.oneof(fc.bigInt({ min: -5n, max: 5n }), fc.constant(null))),
  ],
];

const shape: EventShape = {
  table: 5000 as ObjectId,
  database: 'my db',
  schema: 'public',
  name: '2nd-table',
  schemaVersion: 3,
  columns: TYPES.map(([type], i) => ({
    name: i % 5 === 0 ? 'col a' : i % 5 === 1 ? 'col_a' : `c${i}`,
    formerNames: i === 3 ? ['old name'] : [],
    type,
    slot: i + 1,
  })),
  slots: TYPES.length + 2,
};
const uniqueNames: EventShape = {
  ...shape,
  columns: shape.columns.map((c, i) => ({ ...c, name: i < 2 ? c.name : `c${i}` })),
};

const rowArbitrary: fc.Arbitrary<Row> = fc
  .tuple(...TYPES.map(([, values]) => fc.option(values, { nil: null, freq: 5 })))
  .map((values) => [null, ...values, null]);

const uuid = fc.uuid().map((u) => u as VersionId);

function codec(): EventCodec {
  const made = new EventCodec(
    { schemaText: (id) => (id === 77 ? JSON.stringify(rowVersionSchema(uniqueNames)) : null) },
    1,
    2,
  );
  made.bindShape(uniqueNames, 77);
  return made;
}

describe('EventCodec', () => {
  it('decodes what it encoded, for row versions of every type', () => {
    const subject = codec();
    const event: fc.Arbitrary<RowVersion> = fc.record({
      kind: fc.constant('row' as const),
      table: fc.constant(shape.table),
      schemaVersion: fc.constant(3),
      key: fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)) }),
      version: uuid,
      previous: fc.option(uuid),
      server: fc.nat(65_535).map((n) => n as ServerId),
      transaction: uuid,
      sequence: fc.nat(),
      op: fc.constantFrom('insert' as const, 'update' as const, 'delete' as const),
      row: fc.option(rowArbitrary),
      before: fc.option(rowArbitrary),
      claims: fc.array(fc.constant({ object: 9 as ObjectId, key: 'a\u0000\u00ff' }), { maxLength: 2 }),
      consistency: fc.constantFrom('strict' as const, 'eventual' as const),
      timestamp: fc.nat({ max: 2 ** 52 }),
      uncertainty: fc.nat(),
      commit: fc.option(
        fc.record({
          epoch: fc.nat(),
          snapshot: fc.nat({ max: 2 ** 52 }).map((n) => n as Offset),
          events: fc.nat(),
          reads: fc.constant([{ object: 7 as ObjectId, from: '\u0000ÿ', to: 'b' }]),
        }),
      ),
    });
    fc.assert(
      fc.property(event, (e) => {
        subject.reset();
        expect(subject.decode(Buffer.from(subject.encode(e)), recordKey(e.table, e.key))).toEqual(e);
      }),
    );
  });

  it('decodes commits and leases', () => {
    const subject = codec();
    const events: LogEvent[] = [
      {
        kind: 'commit',
        server: 1 as ServerId,
        transaction: 'a' as VersionId,
        timestamp: 5,
        uncertainty: 1,
        commit: { epoch: 4, snapshot: 9 as Offset, events: 2, reads: [] },
      },
      { kind: 'lease', action: 'taken', server: 1 as ServerId, epoch: 4, holder: 'node', timestamp: 5 },
    ];
    for (const e of events) expect(subject.decode(Buffer.from(subject.encode(e)), null)).toEqual(e);
  });

  it('keeps every view of one arena true until reset, across growth', () => {
    const subject = codec();
    const event = (text: string): RowVersion => ({
      kind: 'row',
      table: shape.table,
      schemaVersion: 3,
      key: 'k',
      version: 'v' as VersionId,
      previous: null,
      server: 1 as ServerId,
      transaction: 't' as VersionId,
      sequence: 0,
      op: 'insert',
      row: uniqueNames.columns.reduce<Value[]>((row, c) => {
        row[c.slot] = c.type.kind === 'text' ? text : null;
        return row;
      }, new Array(uniqueNames.slots).fill(null)),
      before: null,
      claims: [],
      consistency: 'strict',
      timestamp: 1,
      uncertainty: 0,
      commit: null,
    });
    const views = ['a', 'b'.repeat(3 << 20), 'c', 'd'.repeat(700_000), 'e'.repeat(700_000)].map((text) => ({
      text,
      view: subject.encode(event(text)),
    }));
    for (const { text, view } of views) {
      const decoded = subject.decode(view, recordKey(shape.table, 'k')) as RowVersion;
      expect(decoded.row?.includes(text)).toBe(true);
    }
  });

  it('refuses a value without header, with an unknown schema id, or with bytes to spare', () => {
    const subject = codec();
    const good = Buffer.from(
      subject.encode({ kind: 'lease', action: 'taken', server: 1 as ServerId, epoch: 4, holder: 'node', timestamp: 5 }),
    );
    expect(() => subject.decode(Buffer.from('hello'), null)).toThrow(/header/);
    expect(() => subject.decode(Buffer.from([0, 0, 0, 9, 9, 1]), null)).toThrow(/no schema with id 2313/);
    expect(() => subject.decode(Buffer.concat([good, Buffer.from([0])]), null)).toThrow(/does not match/);
  });

  it('gives foreign readers logical types', () => {
    const text = JSON.stringify(rowVersionSchema(uniqueNames));
    for (const logical of ['uuid', 'timestamp-micros', 'date', 'time-micros', 'decimal'])
      expect(text).toContain(`"logicalType":"${logical}"`);
    expect(JSON.stringify(COMMIT_EVENT_SCHEMA)).toContain('timestamp-micros');
  });
});
