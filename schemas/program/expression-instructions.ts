import type { Expression, FrameBound, OrderItem, TypeName, Window, WindowFrame } from './expression.js';
import type { Field, Layout, NodeTable } from './field.js';
import { choice, flag, integer, list, node, optional, record, sqlType, string, token, value } from './field.js';
import type { Query } from './query.js';

const expression = node<Expression>('expression');
const expressions = list(expression);
const strings = list(string);
const query = node<Query>('query');
const orderItems = list(node<OrderItem>('order-item'));
const quantifier = choice('any', 'all');

/** A type as written. */
export const typeName: Field<TypeName> = record<TypeName>({
  name: strings,
  modifiers: list(integer),
  arrayDimensions: integer,
  token,
});

const operands = { operands: expressions, token } as const;
const quantified = { symbol: string, quantifier, operand: expression } as const;

/** Instructions that push an expression: opcodes 0x01 to 0x2f. */
export const EXPRESSION_INSTRUCTIONS: NodeTable<Expression> = {
  constant: [0x01, { type: sqlType, value, token }],
  parameter: [0x02, { index: integer, token }],
  column: [0x03, { path: strings, token }],
  operator: [0x04, { symbol: string, operands: expressions, token }],
  and: [0x05, operands],
  or: [0x06, operands],
  not: [0x07, { operand: expression, token }],
  is: [0x08, { test: choice('null', 'true', 'false', 'unknown'), negated: flag, operand: expression, token }],
  'distinct-from': [0x09, { negated: flag, left: expression, right: expression, token }],
  between: [0x0a, { negated: flag, symmetric: flag, operand: expression, low: expression, high: expression, token }],
  'in-list': [0x0b, { negated: flag, operand: expression, list: expressions, token }],
  like: [
    0x0c,
    {
      negated: flag,
      caseInsensitive: flag,
      similar: flag,
      operand: expression,
      pattern: expression,
      escape: optional(expression),
      token,
    },
  ],
  case: [
    0x0d,
    {
      operand: optional(expression),
      branches: list(record({ when: expression, then: expression })),
      otherwise: optional(expression),
      token,
    },
  ],
  cast: [0x0e, { operand: expression, type: typeName, token }],
  call: [
    0x0f,
    {
      name: strings,
      arguments: expressions,
      star: flag,
      distinct: flag,
      orderBy: orderItems,
      filter: optional(expression),
      over: optional(node<Window>('window')),
      token,
    },
  ],
  exists: [0x10, { query, token }],
  'scalar-subquery': [0x11, { query, token }],
  'quantified-subquery': [0x12, { ...quantified, query, token }],
  'quantified-array': [0x13, { ...quantified, array: expression, token }],
  array: [0x14, { elements: expressions, token }],
  'array-subquery': [0x15, { query, token }],
  row: [0x16, { elements: expressions, token }],
  subscript: [0x17, { operand: expression, index: expression, upper: optional(expression), token }],
  collate: [0x18, { operand: expression, collation: strings, token }],
  default: [0x19, { token }],
  field: [0x1a, { operand: expression, name: string, token }],
};

/** Parts of expressions that have no `kind`: opcodes 0x30 to 0x37. */
export const ORDER_ITEM: readonly [number, Layout<OrderItem>] = [
  0x30,
  { expression, descending: flag, nullsFirst: optional(flag) },
];

const frameBound = node<FrameBound>('frame-bound');

export const WINDOW: readonly [number, Layout<Window>] = [
  0x31,
  {
    name: optional(string),
    partitionBy: expressions,
    orderBy: orderItems,
    frame: optional(
      record<WindowFrame>({ mode: choice('rows', 'range', 'groups'), start: frameBound, end: frameBound }),
    ),
  },
];

/** Bounds of a window frame: opcodes 0x38 to 0x3f. */
export const FRAME_BOUND_INSTRUCTIONS: NodeTable<FrameBound> = {
  'unbounded-preceding': [0x38, {}],
  'current-row': [0x39, {}],
  'unbounded-following': [0x3a, {}],
  preceding: [0x3b, { offset: expression }],
  following: [0x3c, { offset: expression }],
};
