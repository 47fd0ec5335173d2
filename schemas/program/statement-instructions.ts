import type { Expression, OrderItem } from './expression.js';
import type { Field, NodeTable } from './field.js';
import { choice, flag, integer, list, node, optional, record, scalar, string, token } from './field.js';
import type { Alias, FromItem, Query, SelectItem } from './query.js';
import { alias, commonTables } from './query-instructions.js';
import type {
  AlterTableAction,
  Assignment,
  ColumnDefinition,
  ObjectPath,
  OnConflict,
  Option,
  Statement,
  TableConstraint,
  TableIndex,
  TransactionModes,
} from './statement.js';
import { COLUMN_DEFINITION } from './table-instructions.js';

const expression = node<Expression>('expression');
const strings = list(string);
const query = node<Query>('query');
const fromItems = list(node<FromItem>('from-item'));
const returning = list(node<SelectItem>('select-item'));
const objectPath: Field<ObjectPath> = record<ObjectPath>({ path: strings, token });
const objectPaths = list(objectPath);
const options: Field<readonly Option[]> = list(record<Option>({ name: string, value: scalar, token }));
const columnNames = list(record<{ name: string; token: number }>({ name: string, token }));
const modes: Field<TransactionModes> = record<TransactionModes>({
  isolation: optional(choice('read uncommitted', 'read committed', 'repeatable read', 'serializable')),
  readOnly: optional(flag),
  deferrable: optional(flag),
});
const sets = list(node<Assignment>('assignment'));
const onConflict: Field<OnConflict> = record<OnConflict>({
  target: node<OnConflict['target']>('conflict-target'),
  update: optional(record<NonNullable<OnConflict['update']>>({ sets, where: optional(expression) })),
  token,
});
const target: Field<Alias | null> = optional(alias);
const savepoint = { name: string, token } as const;
const sequence = { options, ownedBy: optional(strings) } as const;

/** Instructions that push a statement: opcodes 0x80 to 0xbf. */
export const STATEMENT_INSTRUCTIONS: NodeTable<Statement> = {
  nothing: [0x80, {}],
  query: [0x81, { query }],
  insert: [
    0x82,
    {
      with: commonTables,
      recursive: flag,
      table: objectPath,
      alias: optional(string),
      columns: columnNames,
      source: optional(query),
      overriding: optional(choice('system', 'user')),
      zeroGenerates: flag,
      onConflict: optional(onConflict),
      returning,
    },
  ],
  update: [
    0x83,
    {
      with: commonTables,
      recursive: flag,
      table: objectPath,
      alias: target,
      sets,
      from: fromItems,
      where: optional(expression),
      among: optional(query),
      returning,
    },
  ],
  delete: [
    0x84,
    {
      with: commonTables,
      recursive: flag,
      table: objectPath,
      alias: target,
      using: fromItems,
      where: optional(expression),
      among: optional(query),
      returning,
    },
  ],
  truncate: [0x85, { tables: objectPaths, restartIdentity: flag, cascade: flag }],
  'copy-in': [0x86, { table: objectPath, columns: strings, options }],
  'copy-out': [0x87, { query, options }],
  'create-table': [
    0x88,
    {
      path: objectPath,
      ifNotExists: flag,
      temporary: flag,
      columns: list<ColumnDefinition>(record(COLUMN_DEFINITION)),
      constraints: list(node<TableConstraint>('constraint', ['primary-key', 'unique', 'check', 'foreign-key'])),
      indexes: list<TableIndex>(record({ name: optional(string), keys: list(node<OrderItem>('order-item')), token })),
      options,
    },
  ],
  'create-table-as': [
    0x89,
    { path: objectPath, ifNotExists: flag, temporary: flag, columns: strings, query, withData: flag },
  ],
  'alter-table': [
    0x8a,
    {
      object: choice('table', 'index', 'view', 'sequence'),
      path: objectPath,
      ifExists: flag,
      actions: list(node<AlterTableAction>('alter-table-action')),
    },
  ],
  drop: [
    0x8b,
    {
      object: choice('table', 'index', 'view', 'sequence', 'schema', 'database', 'user'),
      paths: objectPaths,
      ifExists: flag,
      cascade: flag,
    },
  ],
  'create-index': [
    0x8c,
    {
      name: optional(string),
      table: objectPath,
      unique: flag,
      ifNotExists: flag,
      concurrently: flag,
      method: string,
      keys: list(node<OrderItem>('order-item')),
      include: strings,
      where: optional(expression),
      token,
    },
  ],
  'create-schema': [0x8d, { name: string, ifNotExists: flag, owner: optional(string), token }],
  'create-database': [0x8e, { name: string, ifNotExists: flag, options, token }],
  'create-view': [0x8f, { path: objectPath, orReplace: flag, columns: strings, query, text: string }],
  'create-sequence': [0x90, { path: objectPath, ifNotExists: flag, ...sequence }],
  'alter-sequence': [0x91, { path: objectPath, ifExists: flag, ...sequence }],
  'create-user': [0x92, { name: string, ifNotExists: flag, options, token }],
  'alter-user': [0x93, { name: string, options, token }],
  grant: [
    0x94,
    {
      revoke: flag,
      privileges: strings,
      object: choice('table', 'schema', 'database', 'sequence', 'role', 'all-tables-in-schema'),
      paths: objectPaths,
      users: strings,
      withGrantOption: flag,
    },
  ],
  comment: [0x95, { object: string, path: objectPath, column: optional(string), text: optional(string) }],
  begin: [0x96, { modes }],
  commit: [0x97, { chain: flag }],
  rollback: [0x98, { chain: flag }],
  savepoint: [0x99, savepoint],
  'release-savepoint': [0x9a, savepoint],
  'rollback-to-savepoint': [0x9b, savepoint],
  'set-transaction': [0x9c, { session: flag, modes }],
  set: [0x9d, { name: string, value: optional(string), local: flag, token }],
  reset: [0x9e, { name: optional(string), token }],
  discard: [0x9f, { target: string }],
  show: [0xa0, { name: optional(string), token }],
  'lock-table': [0xa1, { tables: objectPaths, mode: string, nowait: flag }],
  explain: [0xa2, { analyze: optional(token), options, statement: node<Statement>('statement'), token }],
  maintain: [
    0xa3,
    { action: choice('vacuum', 'analyze', 'vacuum analyze', 'checkpoint', 'reindex'), tables: objectPaths },
  ],
  'declare-cursor': [0xa4, { name: string, hold: optional(token), scroll: flag, binary: flag, query }],
  'fetch-cursor': [
    0xa5,
    {
      name: string,
      direction: choice('forward', 'backward', 'absolute', 'relative'),
      count: optional(integer),
      move: flag,
    },
  ],
  'close-cursor': [0xa6, { name: optional(string) }],
};
