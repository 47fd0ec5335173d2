import { FIRST_USER_OBJECT, type Operation } from '#schemas/events/event.js';
import { readSchemaId } from '#schemas/events/wire-format.js';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import { DEFAULT_TEXT_CONTEXT, printText } from '#schemas/values/text-form.js';
import type { CommittedTransaction, SourcedVersion } from '../runner/projection.js';
import type { FreshVersion } from './fresh-rows.js';
import { OPERATION, type TableLayout, type TableLayouts } from './table-layout.js';

/** Versions that go into one place, in log order. */
export interface VersionGroup {
  readonly table: ObjectId;
  readonly layout: TableLayout;
  readonly day: string;
  versions: FreshVersion[];
}

/** The versions that one transaction has made, by table and key. */
type OwnVersions = Map<ObjectId, Map<string, { readonly version: FreshVersion; readonly schemaId: number }>>;

/** A row that its own transaction has put in and taken out again. */
const NOTHING = -1;
const DAY_MICROS = 86_400_000_000;

/** Sorts the versions of transactions by table, layout and day; of each row the last of a transaction only, for that is what others ever see. */
export class VersionGroups {
  readonly #layouts: TableLayouts;
  readonly #groups = new Map<string, VersionGroup>();
  /** The group that the last version went into: mostly the next one does, too. */
  #last: { readonly table: ObjectId; readonly schemaId: number; readonly group: VersionGroup } | null = null;
  #day = '';
  #dayNumber = -1;

  constructor(layouts: TableLayouts) {
    this.#layouts = layouts;
  }

  take({ events, offset, timestamp }: CommittedTransaction): void {
    this.#setDay(timestamp);
    const own: OwnVersions = new Map();
    for (const event of events) if (event.table >= FIRST_USER_OBJECT) this.#takeEvent(event, offset, own);
  }

  all(): VersionGroup[] {
    const groups = [...this.#groups.values()];
    for (const group of groups) group.versions = group.versions.filter(({ operation }) => operation !== NOTHING);
    return groups.filter(({ versions }) => versions.length > 0);
  }

  #setDay(timestamp: number): void {
    const number = Math.floor(timestamp / DAY_MICROS);
    if (number === this.#dayNumber) return;
    this.#dayNumber = number;
    this.#day = printText({ kind: 'date' }, number, DEFAULT_TEXT_CONTEXT);
    this.#last = null;
  }

  #takeEvent(event: SourcedVersion, offset: Offset, own: OwnVersions): void {
    const { table, key, row, op } = event;
    const schemaId = readSchemaId(event.source);
    let rows = own.get(table);
    if (rows === undefined) {
      rows = new Map();
      own.set(table, rows);
    }
    const before = rows.get(key);
    const operation = before === undefined ? OPERATION[op] : combined(before.version.operation, op);
    if (before?.schemaId === schemaId) {
      before.version.operation = operation;
      before.version.row = row;
      return;
    }
    // The transaction has changed the table's columns in between: the row goes where such rows are.
    if (before !== undefined) before.version.operation = NOTHING;
    const version: FreshVersion = { key, offset, operation, row };
    rows.set(key, { version, schemaId });
    this.#groupOf(table, schemaId).versions.push(version);
  }

  #groupOf(table: ObjectId, schemaId: number): VersionGroup {
    const last = this.#last;
    if (last !== null && last.table === table && last.schemaId === schemaId) return last.group;
    const name = `${table}/${schemaId}/${this.#day}`;
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { table, layout: this.#layouts.of(schemaId), day: this.#day, versions: [] };
      this.#groups.set(name, group);
    }
    this.#last = { table, schemaId, group };
    return group;
  }
}

/** What two operations of one transaction on a row come to. */
function combined(before: number, op: Operation): number {
  const isNew = before === OPERATION.insert || before === NOTHING;
  if (op === 'delete') return isNew ? NOTHING : OPERATION.delete;
  return isNew ? OPERATION.insert : OPERATION.update;
}
