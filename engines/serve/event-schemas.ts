import { EVENT_SCHEMAS, type EventSchemaRow } from '#schemas/catalog/system-tables.js';
import { type FieldName, rowVersionSchema, shapeOfSchema } from '#schemas/events/avro-schema.js';
import type { EventCodec, SchemaSource } from '#schemas/events/codec.js';
import { type CompatibilityLevel, isCompatibilityLevel } from '#schemas/events/compatibility.js';
import type { EventShape } from '#schemas/events/event.js';
import { compatibleFields } from '#schemas/events/field-names.js';
import type { Offset } from '#schemas/kernel/brand.js';
import { BuiltInRegistry, type RegistryStore } from '#schemas/registry/built-in.js';
import { FIRST_USER_SCHEMA_ID, FIXED_SCHEMAS, SYSTEM_SCHEMA_BASE, subjectOf } from '#schemas/registry/fixed-schemas.js';
import { type RegisteredSchema, RegistryError, type SchemaRegistry } from '#schemas/registry/registry.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { keyEncoder } from '#schemas/values/key.js';
import { NO_CONTROL } from '../catalog/catalog-store.js';
import type { SchemaRegistrar } from '../catalog/schema-registrar.js';
import type { ReadView, RowReader } from '../rows/reading.js';
import type { TransactionSystem } from '../tx/transaction.js';

/** A row of this version of a subject holds its compatibility level. */
const LEVEL_VERSION = 0;

const EVERYTHING: ReadView = { snapshot: Number.MAX_SAFE_INTEGER as Offset, owner: null, command: 0 };

/** The built-in registry's memory: a system table, and so the log. */
export class EventSchemaStore implements RegistryStore, SchemaSource {
  /** Ids below are the fixed ones'. */
  readonly firstId = FIRST_USER_SCHEMA_ID;
  readonly #rows: RowReader;
  #transactions: TransactionSystem | null = null;
  /** Texts by id; ids never change their meaning. */
  readonly #texts = new Map<number, string>();

  constructor(rows: RowReader) {
    this.#rows = rows;
  }

  attach(transactions: TransactionSystem): void {
    this.#transactions = transactions;
  }

  schemaText(id: number): string | null {
    const fixed = FIXED_SCHEMAS.get(id);
    if (fixed !== undefined) return fixed.text;
    const known = this.#texts.get(id);
    if (known !== undefined) return known;
    for (const row of this.#records()) if (row.version !== LEVEL_VERSION) this.#texts.set(row.id, row.text);
    return this.#texts.get(id) ?? null;
  }

  /** Gives the codec a schema that came from elsewhere. */
  remember(id: number, text: string): void {
    this.#texts.set(id, text);
  }

  async load(): ReturnType<RegistryStore['load']> {
    const schemas: RegisteredSchema[] = [...FIXED_SCHEMAS].map(([id, { subject, text }]) => ({
      subject,
      version: 1,
      id,
      schema: text,
      deleted: false,
    }));
    const compatibility = new Map<string, CompatibilityLevel>();
    for (const { subject, version, id, text, deleted } of this.#records()) {
      if (version === LEVEL_VERSION) {
        if (isCompatibilityLevel(text)) compatibility.set(subject, text);
      } else schemas.push({ subject, version, id, schema: text, deleted });
    }
    return { schemas, compatibility };
  }

  needs({ id, schema }: RegisteredSchema): 'always' | 'readable' | null {
    if (FIXED_SCHEMAS.has(id)) return 'always';
    // Row versions of a table stand in the log for good, also when the table is gone.
    return shapeOfSchema(JSON.parse(schema) as Record<string, unknown>) === null ? null : 'readable';
  }

  put({ subject, version, id, schema, deleted }: RegisteredSchema): Promise<void> {
    return this.#write({ subject, version, id, text: schema, deleted });
  }

  async remove(subject: string, versions: readonly number[]): Promise<void> {
    for (const version of versions) await this.#delete(subject, version);
  }

  setCompatibility(subject: string, level: CompatibilityLevel | null): Promise<void> {
    return level === null
      ? this.#delete(subject, LEVEL_VERSION)
      : this.#write({ subject, version: LEVEL_VERSION, id: 0, text: level, deleted: false });
  }

  #records(): EventSchemaRow[] {
    const found: EventSchemaRow[] = [];
    const cursor = this.#rows.scan(EVENT_SCHEMAS.shape, { from: null, to: null }, false, EVERYTHING);
    for (;;) {
      const batch = cursor.next();
      if (batch instanceof Promise) throw new Error('system tables are in memory');
      if (batch === null) return found;
      for (const row of batch) found.push(EVENT_SCHEMAS.fromRow(row.row));
    }
  }

  async #write(record: EventSchemaRow): Promise<void> {
    await this.#change(record.subject, record.version, record);
  }

  async #delete(subject: string, version: number): Promise<void> {
    await this.#change(subject, version, null);
  }

  async #change(subject: string, version: number, record: EventSchemaRow | null): Promise<void> {
    if (this.#transactions === null) throw new Error('the schema registry is not ready');
    const { shape } = EVENT_SCHEMAS;
    const transaction = this.#transactions.begin({ isolation: 'read committed', readOnly: false, control: NO_CONTROL });
    try {
      transaction.beginStatement();
      // Ids are given out once, whatever the subject.
      transaction.guardTable(shape);
      const key = keyEncoder(shape.key)([subject, version]);
      const before = await transaction.get(shape, key);
      if (before === null) {
        if (record !== null) await transaction.insert(shape, EVENT_SCHEMAS.toRow(record));
      } else {
        const outcome = await transaction.lock(shape, before, 'update', 'block');
        if (outcome.kind === 'locked' || outcome.kind === 'changed') {
          if (record === null) await transaction.delete(shape, outcome.row);
          else await transaction.update(shape, outcome.row, EVENT_SCHEMAS.toRow(record));
        }
      }
    } catch (error) {
      transaction.rollback();
      throw error;
    }
    await transaction.commit();
  }
}

/** Registers event schemas in the built-in registry, or in a foreign one, and tells the codec their ids. */
export class EventSchemaRegistrar implements SchemaRegistrar {
  readonly #store: EventSchemaStore;
  readonly #registry: SchemaRegistry;
  readonly #external: boolean;
  readonly #codec: EventCodec;

  constructor(store: EventSchemaStore, external: SchemaRegistry | null, codec: EventCodec) {
    this.#store = store;
    this.#registry = external ?? new BuiltInRegistry(store);
    this.#external = external !== null;
    this.#codec = codec;
  }

  async register(shape: EventShape): Promise<number> {
    const text = JSON.stringify(rowVersionSchema(shape));
    const fixed = SYSTEM_SCHEMA_BASE + shape.table;
    if (!this.#external && FIXED_SCHEMAS.get(fixed)?.text === text) {
      this.#codec.bindShape(shape, fixed);
      return fixed;
    }
    try {
      return await this.#registerAs(shape, text, undefined);
    } catch (error) {
      if (!isIncompatible(error)) throw refusal(shape, error);
    }
    try {
      const fields = compatibleFields(shape, await this.#registry.schemasOf(subjectOf(shape)));
      return await this.#registerAs(shape, JSON.stringify(rowVersionSchema(shape, fields)), fields);
    } catch (error) {
      throw refusal(shape, error);
    }
  }

  async #registerAs(shape: EventShape, text: string, fields: readonly FieldName[] | undefined): Promise<number> {
    const id = await this.#registry.register(subjectOf(shape), text);
    this.#store.remember(id, text);
    this.#codec.bindShape(shape, id, fields);
    return id;
  }
}

/** Refused by the rules of the subject's compatibility level. */
function isIncompatible(error: unknown): boolean {
  return error instanceof RegistryError && error.status === 409;
}

function refusal(shape: EventShape, error: unknown): unknown {
  if (!(error instanceof RegistryError)) return error;
  return new SqlError(
    isIncompatible(error) ? 'object_not_in_prerequisite_state' : 'io_error',
    `the schema registry refused the event schema of "${shape.schema}.${shape.name}": ${error.message}`,
  );
}
