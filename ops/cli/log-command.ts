import { existsSync } from 'node:fs';
import { Store } from '#engines/rows/store.js';
import { EventSchemaStore } from '#engines/serve/event-schemas.js';
import type { StoredRecord } from '#log/change-log.js';
import { EmbeddedLogReader } from '#log/embedded/embedded-log-reader.js';
import { EVENT_SCHEMAS, USERS } from '#schemas/catalog/system-tables.js';
import { shapeOfSchema } from '#schemas/events/avro-schema.js';
import { EventCodec, type SchemaSource } from '#schemas/events/codec.js';
import type { EventShape, LogEvent, RowVersion } from '#schemas/events/event.js';
import { readSchemaId } from '#schemas/events/wire-format.js';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { ExternalRegistry } from '#schemas/registry/external.js';
import { COMMIT_SCHEMA_ID, LEASE_SCHEMA_ID } from '#schemas/registry/fixed-schemas.js';
import { DEFAULT_TEXT_CONTEXT, printText } from '#schemas/values/text-form.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { Configuration } from '../config/configuration.js';
import { embeddedFolder, openLog } from '../processes/log-source.js';
import { CommandFailed } from './command-failed.js';

export interface LogCommand {
  readonly follow: boolean;
  /** First offset, as written on the command line. */
  readonly from: string;
  /** Name, or schema.name; null = all. */
  readonly table: string | null;
  readonly json: boolean;
}

const PARTITION = 0 as Partition;

/** Schemas as the log itself has told them so far, before any registry is asked. */
class SchemasOfLog implements SchemaSource {
  readonly #fixed = new EventSchemaStore(new Store());
  readonly #texts = new Map<number, string>();

  schemaText(id: number): string | null {
    return this.#fixed.schemaText(id) ?? this.#texts.get(id) ?? null;
  }

  /** A registration that stands in the log as a row of the system table. */
  note(event: LogEvent): void {
    if (event.kind !== 'row' || event.table !== EVENT_SCHEMAS.shape.id || event.row === null) return;
    const { id, text } = EVENT_SCHEMAS.fromRow(event.row);
    if (id > 0) this.#texts.set(id, text);
  }

  add(id: number, text: string): void {
    this.#texts.set(id, text);
  }
}

/** `polylog log`: every event from an offset on, decoded, one a line. */
export async function printLog(configuration: Configuration, command: LogCommand): Promise<void> {
  if (!/^\d{1,15}$/.test(command.from)) throw new CommandFailed('--from takes an offset: a whole number from 0 on');
  const from = Number(command.from);
  const schemas = new SchemasOfLog();
  const codec = new EventCodec(schemas, COMMIT_SCHEMA_ID, LEASE_SCHEMA_ID);
  const registry =
    configuration.registry === null
      ? null
      : new ExternalRegistry(configuration.registry, (url, options) => fetch(url, options));
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.stdout.on('error', () => process.exit(0));
  const { records, close } = await recordsOf(configuration, command.follow ? stop.signal : null);
  for await (const batch of records) {
    for (const record of batch) {
      const id = readSchemaId(record.value);
      if (schemas.schemaText(id) === null && registry !== null)
        schemas.add(id, (await registry.schemaById(id)) ?? 'null');
      const event = codec.decode(record.value, record.key);
      schemas.note(event);
      if (record.offset < from || !wanted(event, command.table, schemas, id)) continue;
      process.stdout.write(
        `${command.json ? jsonLine(record, event, schemas, id) : line(record, event, schemas, id)}\n`,
      );
    }
  }
  await close();
}

function existingFolder(configuration: Configuration): string {
  const folder = embeddedFolder(configuration);
  if (!existsSync(folder)) throw new CommandFailed(`there is no log in ${folder}: name one with --data or --log`);
  return folder;
}

interface OpenRecords {
  readonly records: AsyncIterable<readonly StoredRecord[]>;
  /** After this nothing keeps the process alive. */
  close(): Promise<void>;
}

/** From the log's beginning, because the schemas stand there. */
async function recordsOf(configuration: Configuration, follow: AbortSignal | null): Promise<OpenRecords> {
  if (configuration.log === 'embedded') {
    const reader = new EmbeddedLogReader(existingFolder(configuration));
    return { records: reader.records(PARTITION, 0 as Offset, follow), close: () => Promise.resolve() };
  }
  const log = await openLog(configuration);
  const records =
    follow === null
      ? log.read(PARTITION, 0 as Offset, await log.end(PARTITION))
      : log.tail(PARTITION, 0 as Offset, follow);
  return { records, close: () => log.close() };
}

function shapeOf(schemas: SchemasOfLog, id: number): ReturnType<typeof shapeOfSchema> {
  const text = schemas.schemaText(id);
  return text === null ? null : shapeOfSchema(JSON.parse(text) as Record<string, unknown>);
}

function wanted(event: LogEvent, table: string | null, schemas: SchemasOfLog, id: number): boolean {
  if (table === null) return true;
  const shape = event.kind === 'row' ? shapeOf(schemas, id) : null;
  return shape !== null && (shape.name === table || `${shape.schema}.${shape.name}` === table);
}

function line(record: StoredRecord, event: LogEvent, schemas: SchemasOfLog, id: number): string {
  const time = new Date(record.timestampMs).toISOString();
  const head = `${String(record.offset).padStart(10)} ${time}`;
  if (event.kind === 'lease')
    return `${head} server ${event.server} lease ${event.action}, epoch ${event.epoch}, ${event.holder}`;
  if (event.kind === 'commit') return `${head} commit of ${event.transaction} (${event.commit.events} events)`;
  const shape = shapeOf(schemas, id);
  const name = shape === null ? `table ${event.table}` : `${shape.database}.${shape.schema}.${shape.name}`;
  return `${head} ${event.op.padEnd(6)} ${name} ${fields(event, shape)}${event.commit === null ? '' : ` ✓ commit ${event.transaction} (${event.commit.events})`}`;
}

function jsonLine(record: StoredRecord, event: LogEvent, schemas: SchemasOfLog, id: number): string {
  const shape = event.kind === 'row' ? shapeOf(schemas, id) : null;
  if (event.kind !== 'row' || shape === null) return JSON.stringify({ offset: record.offset, ...event }, jsonValue);
  const { table, key, row, before, ...rest } = event;
  return JSON.stringify(
    {
      offset: record.offset,
      table: `${shape.database}.${shape.schema}.${shape.name}`,
      tableId: table,
      key: Buffer.from(key, 'latin1').toString('hex'),
      ...rest,
      row: named(row, shape),
      before: named(before, shape),
    },
    jsonValue,
  );
}

/** Numbers and booleans as they are, everything else as its text. */
function named(row: Row | null, shape: EventShape): Record<string, unknown> | null {
  if (row === null) return null;
  return Object.fromEntries(
    shape.columns.map((column) => {
      const value = row[column.slot] ?? null;
      if (typeof value === 'number' || typeof value === 'boolean' || value === null) return [column.name, value];
      return [column.name, shown(column, value, shape)];
    }),
  );
}

/** Who may read the log is not therefore to see what passwords are checked against. */
function shown({ name, type }: EventShape['columns'][number], value: Value, shape: EventShape): string {
  if (shape.table === USERS.shape.id && name === 'verifier') return '********';
  return printText(type, value, DEFAULT_TEXT_CONTEXT);
}

function fields(event: RowVersion, shape: EventShape | null): string {
  const { row } = event;
  if (row === null) return `key ${Buffer.from(event.key, 'latin1').toString('hex')}`;
  if (shape === null) return JSON.stringify(row, jsonValue);
  return shape.columns
    .map((column) => {
      const value = row[column.slot] ?? null;
      return `${column.name}=${value === null ? 'null' : shown(column, value, shape)}`;
    })
    .join(' ');
}

function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

/** `polylog log verify`: exit code 1 when anything is damaged. */
export async function verifyLog(configuration: Configuration): Promise<void> {
  if (configuration.log !== 'embedded')
    throw new CommandFailed('only the embedded log can be verified here: Kafka checks its own records');
  const { records, damage, tornBytes } = await new EmbeddedLogReader(existingFolder(configuration)).verify(PARTITION);
  for (const { segment, position, offset, what } of damage)
    process.stdout.write(`damaged: segment ${segment}, byte ${position}, offset ${offset}: ${what}\n`);
  if (tornBytes > 0)
    process.stdout.write(
      `the last segment ends in ${tornBytes} bytes of an unfinished write: the next start cuts them\n`,
    );
  process.stdout.write(
    damage.length === 0
      ? `${records} records, no damage\n`
      : `${records} records read, ${damage.length} damaged ${damage.length === 1 ? 'place' : 'places'}\n`,
  );
  if (damage.length > 0) process.exitCode = 1;
}
