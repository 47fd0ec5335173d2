import type { IndexShape, TableShape } from '#engines/rows/shape.js';
import { rowVersionSchema } from '#schemas/events/avro-schema.js';
import { EventCodec } from '#schemas/events/codec.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Row } from '#schemas/values/value.js';

const TABLE = 20_000 as ObjectId;
/** Ids of the two fixed events. */
export const FIXED_IDS = { commit: 1, lease: 2 };
/** Behind those of the system tables. */
export const ROW_SCHEMA = 20_000;

const ascending = (slot: number, type: typeof TYPES.integer | typeof TYPES.text) => ({
  slot,
  type,
  evaluate: null,
  descending: false,
  nullsFirst: false,
});

export const EMAIL_INDEX: IndexShape = {
  id: 20_001 as ObjectId,
  name: 'accounts_email_key',
  unique: true,
  columns: [ascending(1, TYPES.text)],
  predicate: null,
  ready: true,
};

export const BALANCE_INDEX: IndexShape = {
  id: 20_002 as ObjectId,
  name: 'accounts_balance_idx',
  unique: false,
  columns: [ascending(2, TYPES.integer)],
  predicate: null,
  ready: true,
};

/** The table of every simulated database: an id, an e-mail address that is unique or null, and money that is moved about. */
export const ACCOUNTS: TableShape = {
  id: TABLE,
  event: {
    table: TABLE,
    database: 'd',
    schema: 'public',
    name: 'accounts',
    schemaVersion: 1,
    slots: 3,
    columns: [
      { name: 'id', formerNames: [], type: TYPES.integer, slot: 0 },
      { name: 'email', formerNames: [], type: TYPES.text, slot: 1 },
      { name: 'balance', formerNames: [], type: TYPES.integer, slot: 2 },
    ],
  },
  slotTypes: [TYPES.integer, TYPES.text, TYPES.integer],
  missing: [],
  key: [ascending(0, TYPES.integer)],
  keyConstraint: 'accounts_pkey',
  indexes: [EMAIL_INDEX, BALANCE_INDEX],
};

/** A row of ACCOUNTS. */
export interface Account {
  readonly id: number;
  readonly email: string | null;
  readonly balance: number;
}

/** What a new account begins with, if it is not empty. Other sums that are moved are less than half of it. */
export const FIRST_BALANCE = 100;

/** Few enough that clients get into each other's way. */
export const EMAILS = ['a', 'b', 'c', 'd', null, null];
export const IDS = 8;

export function accountOf(row: Row): Account {
  return { id: row[0] as number, email: row[1] as string | null, balance: row[2] as number };
}

export function rowOf({ id, email, balance }: Account): Row {
  return [id, email, balance];
}

/** The Avro schema of the table's events. */
export function rowSchemaText(): string {
  return JSON.stringify(rowVersionSchema(ACCOUNTS.event));
}

/** A codec of its own for each process, as in life. */
export function accountsCodec(): EventCodec {
  const schema = rowSchemaText();
  const source = { schemaText: (id: number) => (id === ROW_SCHEMA ? schema : null) };
  const codec = new EventCodec(source, FIXED_IDS.commit, FIXED_IDS.lease);
  codec.bindShape(ACCOUNTS.event, ROW_SCHEMA);
  return codec;
}
