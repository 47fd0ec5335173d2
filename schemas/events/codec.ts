import { assert } from '../kernel/assert.js';
import type { ObjectId, Offset, ServerId, VersionId } from '../kernel/brand.js';
import { SqlError } from '../sqlstate/sql-error.js';
import type { Row, Value } from '../values/value.js';
import {
  COMMIT_EVENT_SCHEMA,
  type FieldName,
  fieldsOfSchema,
  plainFields,
  rowVersionSchema,
  SERVER_LEASE_SCHEMA,
  shapeOfSchema,
} from './avro-schema.js';
import { type AvroCodec, compileSchema } from './avro-types.js';
import { columnCodec } from './column-codec.js';
import type {
  Claim,
  Commit,
  CommitEvent,
  Consistency,
  EventShape,
  LogEvent,
  Operation,
  ReadRange,
  RowVersion,
  ServerLease,
} from './event.js';
import { readSchemaId, WIRE_HEADER_BYTES, writeWireHeader } from './wire-format.js';

/** Where schemas come from by id. The text is the Avro schema's JSON. Throws when the registry has no such id. */
export interface SchemaSource {
  schemaText(id: number): string | null;
}

/** A row event's record key is its table's id, big-endian, and the encoded row key. */
const TABLE_ID_BYTES = 4;

/** The record key of a row event. */
export function recordKey(table: ObjectId, key: string): Buffer {
  const bytes = Buffer.allocUnsafe(TABLE_ID_BYTES + key.length);
  bytes.writeUInt32BE(table, 0);
  bytes.write(key, TABLE_ID_BYTES, 'latin1');
  return bytes;
}

/** Encoded events are views into an arena; they stay true until `reset`. */
const ARENA_BYTES = 1 << 20;
/** Most codecs encode nothing, or little. */
const FIRST_ARENA_BYTES = 1 << 14;

/**
 * Encodes and decodes the values of log records: Avro in the Confluent wire format.
 *
 * Owns the compiled codec of each schema id it has met. A schema's id never changes its meaning, so nothing here is ever invalidated.
 */
export class EventCodec {
  readonly #source: SchemaSource;
  readonly #writers = new Map<number, RowWriter>();
  readonly #readers = new Map<number, Reader>();
  readonly #commitId: number;
  readonly #leaseId: number;
  readonly #commitType: AvroCodec;
  readonly #leaseType: AvroCodec;
  #arena = Buffer.alloc(0);
  #used = 0;

  /** `commitId` and `leaseId` are the registry's ids of the two fixed schemas. */
  constructor(source: SchemaSource, commitId: number, leaseId: number) {
    this.#source = source;
    this.#commitId = commitId;
    this.#leaseId = leaseId;
    this.#commitType = compileSchema(COMMIT_EVENT_SCHEMA);
    this.#leaseType = compileSchema(SERVER_LEASE_SCHEMA);
  }

  /** Declares under which id, and as which fields, rows of `shape` are written. Must precede their first encoding. */
  bindShape(shape: EventShape, schemaId: number, fields: readonly FieldName[] = plainFields(shape.columns)): void {
    this.#writers.set(shape.table * 65_536 + shape.schemaVersion, new RowWriter(shape, schemaId, fields));
  }

  hasShape(table: ObjectId, schemaVersion: number): boolean {
    return this.#writers.has(table * 65_536 + schemaVersion);
  }

  /** The framed value of an event. The bytes belong to this codec and change after `reset`; whoever keeps them copies them. */
  encode(event: LogEvent): Buffer {
    if (event.kind === 'row') {
      const writer = this.#writers.get(event.table * 65_536 + event.schemaVersion);
      assert(writer !== undefined, `no event schema is bound for table ${event.table} version ${event.schemaVersion}`);
      return this.#write(writer.type, writer.schemaId, writer.record(event));
    }
    if (event.kind === 'commit')
      return this.#write(this.#commitType, this.#commitId, { ...event, commit: commitRecord(event.commit) });
    return this.#write(this.#leaseType, this.#leaseId, event);
  }

  /** Lets the arena be used again: call when everything encoded so far was handed to the log. */
  reset(): void {
    this.#used = 0;
  }

  /** `key` is the record's key. Throws data_corrupted for a value that is not one of our events or whose schema id the registry does not know. */
  decode(value: Uint8Array, key: Uint8Array | null): LogEvent {
    const id = readSchemaId(value);
    let reader = this.#readers.get(id);
    if (reader === undefined) {
      reader = this.#compileReader(id);
      this.#readers.set(id, reader);
    }
    return reader.read(value, key);
  }

  #write(type: AvroCodec, schemaId: number, record: unknown): Buffer {
    for (;;) {
      const start = this.#used;
      const end =
        start + WIRE_HEADER_BYTES >= this.#arena.length
          ? -1
          : type.encode(record, this.#arena, start + WIRE_HEADER_BYTES);
      if (end >= 0) {
        writeWireHeader(this.#arena, start, schemaId);
        this.#used = end;
        return this.#arena.subarray(start, end);
      }
      // A negative answer is the number of bytes missing. The old arena lives on as long as views into it do.
      const usual = Math.min(ARENA_BYTES, Math.max(FIRST_ARENA_BYTES, this.#arena.length * 2));
      const needed = WIRE_HEADER_BYTES + (end < 0 ? -end : 0) + this.#arena.length;
      this.#arena = Buffer.allocUnsafe(Math.max(usual, needed));
      this.#used = 0;
    }
  }

  #compileReader(id: number): Reader {
    if (id === this.#commitId) return new CommitReader(this.#commitType);
    if (id === this.#leaseId) return new LeaseReader(this.#leaseType);
    const text = this.#source.schemaText(id);
    if (text === null) throw new SqlError('data_corrupted', `the schema registry has no schema with id ${id}`);
    const schema = JSON.parse(text) as Record<string, unknown>;
    if (schema['polylog.event'] === 'commit') return new CommitReader(compileSchema(schema));
    if (schema['polylog.event'] === 'lease') return new LeaseReader(compileSchema(schema));
    const shape = shapeOfSchema(schema);
    if (shape === null) throw new SqlError('data_corrupted', `schema ${id} is not the schema of a Polylog event`);
    return new RowReader(shape, fieldsOfSchema(schema), compileSchema(schema));
  }
}

interface Reader {
  read(value: Uint8Array, key: Uint8Array | null): LogEvent;
}

/** The Avro side of a row event: only what avsc reads by these names. Built by literal in one place, so it has one hidden class. */
interface RowRecord {
  version: VersionId;
  previous: VersionId | null;
  server: ServerId;
  transaction: VersionId;
  sequence: number;
  op: Operation;
  row: Record<string, unknown> | null;
  before: Record<string, unknown> | null;
  claims: ReadonlyArray<{ object: number; key: Buffer }>;
  schemaVersion: number;
  consistency: Consistency;
  timestamp: number;
  uncertainty: number;
  commit: CommitRecord | null;
}

interface CommitRecord {
  epoch: number;
  snapshot: number;
  events: number;
  reads: ReadonlyArray<{ object: number; from: Buffer; to: Buffer }>;
}

const NO_READS: readonly ReadRange[] = [];
const NO_READ_RECORDS: CommitRecord['reads'] = [];
const NO_CLAIMS: readonly Claim[] = [];
const NO_CLAIM_RECORDS: RowRecord['claims'] = [];

function claimRecords(claims: readonly Claim[]): RowRecord['claims'] {
  if (claims.length === 0) return NO_CLAIM_RECORDS;
  return claims.map(({ object, key }) => ({ object, key: Buffer.from(key, 'latin1') }));
}

function claimsOf(records: RowRecord['claims']): readonly Claim[] {
  if (records.length === 0) return NO_CLAIMS;
  return records.map(({ object, key }) => ({ object: object as ObjectId, key: key.toString('latin1') }));
}

function commitRecord(commit: Commit): CommitRecord {
  const reads =
    commit.reads.length === 0
      ? NO_READ_RECORDS
      : commit.reads.map((r) => ({
          object: r.object,
          from: Buffer.from(r.from, 'latin1'),
          to: Buffer.from(r.to, 'latin1'),
        }));
  return { epoch: commit.epoch, snapshot: commit.snapshot, events: commit.events, reads };
}

function commitOf(record: CommitRecord): Commit {
  const reads =
    record.reads.length === 0
      ? NO_READS
      : record.reads.map((r) => ({
          object: r.object as ObjectId,
          from: r.from.toString('latin1'),
          to: r.to.toString('latin1'),
        }));
  return { epoch: record.epoch, snapshot: record.snapshot as Offset, events: record.events, reads };
}

/** Columns of a shape as parallel arrays: the loops over them are the hot part of writing and reading. */
class RowLayout {
  readonly names: readonly string[];
  readonly slots: readonly number[];
  readonly toAvro: ReadonlyArray<((value: Value) => unknown) | null>;
  readonly fromAvro: ReadonlyArray<((raw: unknown) => Value) | null>;
  readonly length: number;

  constructor(shape: EventShape, fields: readonly FieldName[]) {
    const codecs = shape.columns.map((column) => columnCodec(column.type));
    this.names = fields.map((field) => field.name);
    this.slots = shape.columns.map((column) => column.slot);
    this.toAvro = codecs.map((codec) => codec.toAvro);
    this.fromAvro = codecs.map((codec) => codec.fromAvro);
    this.length = shape.slots;
  }

  toRecord(row: Row): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    for (let i = 0; i < this.names.length; i++) {
      const value = row[this.slots[i] as number] ?? null;
      const convert = this.toAvro[i] as ((value: Value) => unknown) | null;
      record[this.names[i] as string] = value === null || convert === null ? value : convert(value);
    }
    return record;
  }

  toRow(record: Record<string, unknown>): Row {
    const row: Value[] = new Array(this.length).fill(null);
    for (let i = 0; i < this.names.length; i++) {
      const raw = record[this.names[i] as string];
      const convert = this.fromAvro[i] as ((raw: unknown) => Value) | null;
      row[this.slots[i] as number] = raw === null || convert === null ? (raw as Value) : convert(raw);
    }
    return row;
  }
}

class RowWriter {
  readonly type: AvroCodec;
  readonly schemaId: number;
  readonly #layout: RowLayout;

  constructor(shape: EventShape, schemaId: number, fields: readonly FieldName[]) {
    this.type = compileSchema(rowVersionSchema(shape, fields));
    this.schemaId = schemaId;
    this.#layout = new RowLayout(shape, fields);
  }

  record(event: RowVersion): RowRecord {
    return {
      version: event.version,
      previous: event.previous,
      server: event.server,
      transaction: event.transaction,
      sequence: event.sequence,
      op: event.op,
      row: event.row === null ? null : this.#layout.toRecord(event.row),
      before: event.before === null ? null : this.#layout.toRecord(event.before),
      claims: claimRecords(event.claims),
      schemaVersion: event.schemaVersion,
      consistency: event.consistency,
      timestamp: event.timestamp,
      uncertainty: event.uncertainty,
      commit: event.commit === null ? null : commitRecord(event.commit),
    };
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** avsc decodes from the start of a buffer; the header is skipped by decoding at an offset. */
function decodeBody(type: AvroCodec, value: Uint8Array): unknown {
  const bytes = asBuffer(value);
  const { value: record, offset } = type.decode(bytes, WIRE_HEADER_BYTES) as { value: unknown; offset: number };
  if (offset !== bytes.length) throw new SqlError('data_corrupted', 'a log record does not match its Avro schema');
  return record;
}

class RowReader implements Reader {
  readonly #shape: EventShape;
  readonly #type: AvroCodec;
  readonly #layout: RowLayout;

  constructor(shape: EventShape, fields: readonly FieldName[], type: AvroCodec) {
    this.#shape = shape;
    this.#type = type;
    this.#layout = new RowLayout(shape, fields);
  }

  read(value: Uint8Array, key: Uint8Array | null): RowVersion {
    if (key === null || key.length < TABLE_ID_BYTES)
      throw new SqlError('data_corrupted', 'a row event has no record key');
    const record = decodeBody(this.#type, value) as RowRecord;
    return {
      kind: 'row',
      table: this.#shape.table,
      schemaVersion: record.schemaVersion,
      key: asBuffer(key).toString('latin1', TABLE_ID_BYTES),
      version: record.version,
      previous: record.previous,
      server: record.server,
      transaction: record.transaction,
      sequence: record.sequence,
      op: record.op,
      row: record.row === null ? null : this.#layout.toRow(record.row),
      before: record.before === null ? null : this.#layout.toRow(record.before),
      claims: claimsOf(record.claims),
      consistency: record.consistency,
      timestamp: record.timestamp,
      uncertainty: record.uncertainty,
      commit: record.commit === null ? null : commitOf(record.commit),
    };
  }
}

class CommitReader implements Reader {
  readonly #type: AvroCodec;
  constructor(type: AvroCodec) {
    this.#type = type;
  }
  read(value: Uint8Array): CommitEvent {
    const r = decodeBody(this.#type, value) as {
      server: ServerId;
      transaction: VersionId;
      timestamp: number;
      uncertainty: number;
      commit: CommitRecord;
    };
    return {
      kind: 'commit',
      server: r.server,
      transaction: r.transaction,
      timestamp: r.timestamp,
      uncertainty: r.uncertainty,
      commit: commitOf(r.commit),
    };
  }
}

class LeaseReader implements Reader {
  readonly #type: AvroCodec;
  constructor(type: AvroCodec) {
    this.#type = type;
  }
  read(value: Uint8Array): ServerLease {
    const r = decodeBody(this.#type, value) as Omit<ServerLease, 'kind'>;
    return {
      kind: 'lease',
      action: r.action,
      server: r.server,
      epoch: r.epoch,
      holder: r.holder,
      timestamp: r.timestamp,
    };
  }
}
