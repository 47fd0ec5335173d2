import type { Expression, OrderItem, TypeName, Window } from './expression.js';
import { typeName } from './expression-instructions.js';
import type { Field, Layout, NodeTable } from './field.js';
import { choice, flag, list, node, optional, record, string, token } from './field.js';
import type {
  Alias,
  CommonTable,
  FromItem,
  GroupItem,
  JoinCondition,
  Locking,
  Query,
  QueryBody,
  Select,
  SelectItem,
} from './query.js';

const expression = node<Expression>('expression');
const expressions = list(expression);
const strings = list(string);
const query = node<Query>('query');
const fromItem = node<FromItem>('from-item');

/** Alias of a FROM item. */
export const alias: Field<Alias> = record<Alias>({ name: string, columns: strings });

/** Common tables of a WITH clause. */
export const commonTables: Field<readonly CommonTable[]> = list(node<CommonTable>('common-table'));

const locking = record<Locking>({
  strength: choice('update', 'no-key-update', 'share', 'key-share'),
  of: strings,
  wait: choice('block', 'nowait', 'skip-locked'),
  token,
});

/** Query parts that have no `kind`: opcodes 0x40 to 0x47. */
export const QUERY: readonly [number, Layout<Query>] = [
  0x40,
  {
    with: commonTables,
    recursive: flag,
    body: node<QueryBody>('query-body'),
    orderBy: list(node<OrderItem>('order-item')),
    limit: optional(expression),
    withTies: flag,
    offset: optional(expression),
    locking: list(locking),
  },
];

export const COMMON_TABLE: readonly [number, Layout<CommonTable>] = [
  0x41,
  {
    name: string,
    columns: strings,
    materialized: optional(flag),
    statement: node<CommonTable['statement']>('statement', ['query', 'insert', 'update', 'delete']),
    token,
  },
];

/** Bodies of queries: opcodes 0x48 to 0x4f. */
export const QUERY_BODY_INSTRUCTIONS: NodeTable<QueryBody> = {
  select: [
    0x48,
    {
      distinct: node<Select['distinct']>('distinct'),
      items: list(node<SelectItem>('select-item')),
      from: list(fromItem),
      where: optional(expression),
      groupBy: list(node<GroupItem>('group-item')),
      having: optional(expression),
      windows: list(record({ name: string, window: node<Window>('window') })),
      token,
    },
  ],
  values: [0x49, { rows: list(expressions), token }],
  'set-operation': [
    0x4a,
    { operation: choice('union', 'intersect', 'except'), all: flag, left: query, right: query, token },
  ],
};

/** Opcodes 0x50 to 0x53. */
export const DISTINCT_INSTRUCTIONS: NodeTable<Select['distinct']> = {
  none: [0x50, {}],
  rows: [0x51, {}],
  on: [0x52, { expressions }],
};

/** Opcodes 0x54 to 0x57. */
export const SELECT_ITEM_INSTRUCTIONS: NodeTable<SelectItem> = {
  expression: [0x54, { expression, alias: optional(string) }],
  star: [0x55, { path: strings, token }],
};

/** Opcodes 0x58 to 0x5b. */
export const GROUP_ITEM_INSTRUCTIONS: NodeTable<GroupItem> = {
  expression: [0x58, { expression }],
  sets: [0x59, { form: choice('rollup', 'cube', 'grouping-sets'), sets: list(expressions), token }],
};

/** Opcodes 0x5c to 0x63. */
export const FROM_ITEM_INSTRUCTIONS: NodeTable<FromItem> = {
  table: [
    0x5c,
    { path: strings, only: flag, alias: optional(alias), asOf: optional(expression), allVersions: flag, token },
  ],
  subquery: [0x5d, { query, lateral: flag, alias: optional(alias), token }],
  function: [
    0x5e,
    {
      call: expression,
      lateral: flag,
      ordinality: flag,
      alias: optional(alias),
      columnDefinitions: list(record<{ name: string; type: TypeName }>({ name: string, type: typeName })),
      token,
    },
  ],
  join: [
    0x5f,
    {
      type: choice('inner', 'left', 'right', 'full', 'cross'),
      left: fromItem,
      right: fromItem,
      condition: node<JoinCondition>('join-condition'),
      alias: optional(alias),
      token,
    },
  ],
};

/** Opcodes 0x64 to 0x67. */
export const JOIN_CONDITION_INSTRUCTIONS: NodeTable<JoinCondition> = {
  none: [0x64, {}],
  natural: [0x65, {}],
  on: [0x66, { expression }],
  using: [0x67, { columns: strings }],
};
