import { assert } from '../kernel/assert.js';
import { EXPRESSION_INSTRUCTIONS, FRAME_BOUND_INSTRUCTIONS, ORDER_ITEM, WINDOW } from './expression-instructions.js';
import type { Form, Sort } from './field.js';
import { fieldsOf } from './field.js';
import {
  COMMON_TABLE,
  DISTINCT_INSTRUCTIONS,
  FROM_ITEM_INSTRUCTIONS,
  GROUP_ITEM_INSTRUCTIONS,
  JOIN_CONDITION_INSTRUCTIONS,
  QUERY,
  QUERY_BODY_INSTRUCTIONS,
  SELECT_ITEM_INSTRUCTIONS,
} from './query-instructions.js';
import { STATEMENT_INSTRUCTIONS } from './statement-instructions.js';
import {
  ALTER_TABLE_INSTRUCTIONS,
  ASSIGNMENT,
  CONFLICT_TARGET_INSTRUCTIONS,
  CONSTRAINT_INSTRUCTIONS,
} from './table-instructions.js';

/** One instruction: pops the children that its fields name, reads its immediates, pushes one node of `sort`. */
export interface Instruction {
  readonly opcode: number;
  readonly name: string;
  readonly sort: Sort;
  /** The node's `kind`; null where the node has none. */
  readonly kind: string | null;
  readonly fields: ReadonlyArray<readonly [name: string, form: Form]>;
  /** Children popped; null when that depends on the node, and stands as a varint behind the opcode. */
  readonly pops: number | null;
}

const unions: ReadonlyArray<readonly [Sort, Readonly<Record<string, readonly [number, object]>>]> = [
  ['expression', EXPRESSION_INSTRUCTIONS],
  ['frame-bound', FRAME_BOUND_INSTRUCTIONS],
  ['query-body', QUERY_BODY_INSTRUCTIONS],
  ['distinct', DISTINCT_INSTRUCTIONS],
  ['select-item', SELECT_ITEM_INSTRUCTIONS],
  ['group-item', GROUP_ITEM_INSTRUCTIONS],
  ['from-item', FROM_ITEM_INSTRUCTIONS],
  ['join-condition', JOIN_CONDITION_INSTRUCTIONS],
  ['statement', STATEMENT_INSTRUCTIONS],
  ['conflict-target', CONFLICT_TARGET_INSTRUCTIONS],
  ['constraint', CONSTRAINT_INSTRUCTIONS],
  ['alter-table-action', ALTER_TABLE_INSTRUCTIONS],
];

const singles: ReadonlyArray<readonly [Sort, readonly [number, object]]> = [
  ['order-item', ORDER_ITEM],
  ['window', WINDOW],
  ['query', QUERY],
  ['common-table', COMMON_TABLE],
  ['assignment', ASSIGNMENT],
];

/** Instructions by opcode; undefined where there is none. */
export const INSTRUCTIONS: ReadonlyArray<Instruction | undefined> = buildInstructions();

const bySort: ReadonlyMap<Sort, ReadonlyMap<string | null, Instruction>> = indexInstructions();

/** The instruction that builds a node of this sort and kind; undefined when the tree is not one of ours. */
export function instructionFor(sort: Sort, kind: string | null): Instruction | undefined {
  return bySort.get(sort)?.get(kind);
}

function buildInstructions(): Array<Instruction | undefined> {
  const table = new Array<Instruction | undefined>(256).fill(undefined);
  const add = (sort: Sort, kind: string | null, [opcode, layout]: readonly [number, object]): void => {
    assert(table[opcode] === undefined, `opcode ${opcode} is taken twice`);
    const fields = fieldsOf(layout);
    table[opcode] = {
      opcode,
      name: kind === null ? sort : `${sort}.${kind}`,
      sort,
      kind,
      fields,
      pops: fixedPops(fields.map((f) => f[1])),
    };
  };
  for (const [sort, kinds] of unions) for (const [kind, entry] of Object.entries(kinds)) add(sort, kind, entry);
  for (const [sort, entry] of singles) add(sort, null, entry);
  return table;
}

function indexInstructions(): Map<Sort, Map<string | null, Instruction>> {
  const index = new Map<Sort, Map<string | null, Instruction>>();
  for (const instruction of INSTRUCTIONS) {
    if (instruction === undefined) continue;
    let kinds = index.get(instruction.sort);
    if (kinds === undefined) index.set(instruction.sort, (kinds = new Map()));
    kinds.set(instruction.kind, instruction);
  }
  return index;
}

function fixedPops(forms: readonly Form[]): number | null {
  let pops = 0;
  for (const form of forms) {
    const inner = form.form === 'node' ? 1 : form.form === 'record' ? fixedPops(form.fields.map((f) => f[1])) : null;
    if (inner !== null) pops += inner;
    else if (hasNode(form)) return null;
  }
  return pops;
}

function hasNode(form: Form): boolean {
  switch (form.form) {
    case 'node':
      return true;
    case 'optional':
    case 'list':
      return hasNode(form.inner);
    case 'record':
      return form.fields.some((f) => hasNode(f[1]));
    default:
      return false;
  }
}
