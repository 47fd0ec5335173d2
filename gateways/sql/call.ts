import type { Expression } from '#schemas/program/expression.js';

/** A call of a function without frills. */
export function call(name: string, args: readonly Expression[], token: number): Expression {
  return {
    kind: 'call',
    name: [name],
    arguments: args,
    star: false,
    distinct: false,
    orderBy: [],
    filter: null,
    over: null,
    token,
  };
}
