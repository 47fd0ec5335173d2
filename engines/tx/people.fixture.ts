import type { ObjectId } from '#schemas/kernel/brand.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { IndexShape, TableShape } from '../rows/shape.js';

/** A table for tests: a key, a unique column that may be null, and a number with an index. */
export const EMAIL_INDEX: IndexShape = {
  id: 20_001 as ObjectId,
  name: 'people_email_key',
  unique: true,
  columns: [{ slot: 1, evaluate: null, type: TYPES.text, descending: false, nullsFirst: false }],
  predicate: null,
  ready: true,
};

export const NUMBER_INDEX: IndexShape = {
  id: 20_002 as ObjectId,
  name: 'people_n_idx',
  unique: false,
  columns: [{ slot: 2, evaluate: null, type: TYPES.integer, descending: false, nullsFirst: false }],
  predicate: null,
  ready: true,
};

export const PEOPLE: TableShape = {
  id: 20_000 as ObjectId,
  event: {
    table: 20_000 as ObjectId,
    database: 'd',
    schema: 'public',
    name: 'people',
    schemaVersion: 1,
    slots: 3,
    columns: [
      { name: 'id', formerNames: [], type: TYPES.integer, slot: 0 },
      { name: 'email', formerNames: [], type: TYPES.text, slot: 1 },
      { name: 'n', formerNames: [], type: TYPES.integer, slot: 2 },
    ],
  },
  slotTypes: [TYPES.integer, TYPES.text, TYPES.integer],
  missing: [],
  key: [{ slot: 0, type: TYPES.integer, descending: false, nullsFirst: false }],
  keyConstraint: 'people_pkey',
  indexes: [EMAIL_INDEX, NUMBER_INDEX],
};
