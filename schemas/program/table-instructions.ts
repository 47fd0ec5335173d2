import type { Expression } from './expression.js';
import { typeName } from './expression-instructions.js';
import type { Field, Layout, NodeTable } from './field.js';
import { choice, flag, list, node, optional, record, scalar, string, token } from './field.js';
import type {
  AlterTableAction,
  Assignment,
  ColumnConstraint,
  ColumnDefinition,
  ForeignKey,
  ObjectPath,
  OnConflict,
  Option,
  TableConstraint,
} from './statement.js';

const expression = node<Expression>('expression');
const strings = list(string);
const action: Field<ForeignKey['onDelete']> = choice('no-action', 'restrict', 'cascade', 'set-null', 'set-default');
const key = { name: optional(string), columns: strings, token } as const;
const name = { name: optional(string) } as const;
const kept = { expression, text: string } as const;

/** A column of CREATE TABLE or ADD COLUMN. */
export const COLUMN_DEFINITION: Layout<ColumnDefinition> = {
  name: string,
  type: typeName,
  constraints: list(node<ColumnConstraint>('constraint')),
  token,
};

/** Constraints of columns and tables: opcodes 0x68 to 0x77. */
export const CONSTRAINT_INSTRUCTIONS: NodeTable<ColumnConstraint> = {
  'not-null': [0x68, name],
  null: [0x69, name],
  default: [0x6a, kept],
  generated: [0x6b, kept],
  identity: [0x6c, { always: flag, options: list(record<Option>({ name: string, value: scalar, token })) }],
  collate: [0x6d, { collation: strings }],
  'primary-key': [0x6e, key],
  unique: [0x6f, key],
  check: [0x70, { name: optional(string), expression, text: string, token }],
  'foreign-key': [
    0x71,
    {
      name: optional(string),
      columns: strings,
      references: record<ObjectPath>({ path: strings, token }),
      referencedColumns: strings,
      match: choice('simple', 'full'),
      onDelete: action,
      onUpdate: action,
      deferrable: flag,
      initiallyDeferred: flag,
      token,
    },
  ],
};

const options = list(record<Option>({ name: string, value: scalar, token }));
const rename = { name: string, to: string, token } as const;
const dropped = { name: string, ifExists: flag, cascade: flag, token } as const;
const column = { column: string, token } as const;

/** Actions of ALTER TABLE: opcodes 0xc0 to 0xdf. */
export const ALTER_TABLE_INSTRUCTIONS: NodeTable<AlterTableAction> = {
  'add-column': [0xc0, { column: record(COLUMN_DEFINITION), ifNotExists: flag }],
  'drop-column': [0xc1, dropped],
  'rename-column': [0xc2, rename],
  'rename-table': [0xc3, { to: string, token }],
  'rename-constraint': [0xc4, rename],
  'set-schema': [0xc5, { schema: string, token }],
  owner: [0xc6, { user: string, token }],
  'set-default': [0xc7, { column: string, expression, text: string, token }],
  'drop-default': [0xc8, column],
  'set-not-null': [0xc9, column],
  'drop-not-null': [0xca, column],
  'set-type': [0xcb, { column: string, type: typeName, using: optional(expression), token }],
  'add-constraint': [
    0xcc,
    {
      constraint: node<TableConstraint>('constraint', ['primary-key', 'unique', 'check', 'foreign-key']),
      notValid: flag,
    },
  ],
  'drop-constraint': [0xcd, dropped],
  'add-identity': [0xce, { column: string, always: flag, options, token }],
  'drop-identity': [0xcf, { column: string, ifExists: flag, token }],
};

/** Targets of ON CONFLICT: opcodes 0x78 to 0x7b. */
export const CONFLICT_TARGET_INSTRUCTIONS: NodeTable<OnConflict['target']> = {
  none: [0x78, {}],
  columns: [0x79, { columns: list(expression), where: optional(expression) }],
  constraint: [0x7a, { name: string }],
};

/** column = value: opcode 0x7c. */
export const ASSIGNMENT: readonly [number, Layout<Assignment>] = [
  0x7c,
  { columns: list(record<{ name: string; token: number }>({ name: string, token })), value: expression },
];
