/**
 * What the OLAP tier computes exactly as the engine does: same results, same errors. Which operators and functions of SQL, for which types, come to one of these is said in
 * engines/planner/tier/operations.ts; how DuckDB computes them in projections/olap/lowering/operations.ts. test/olap holds both to the engine's own answers.
 */
export type AnalyticOperation =
  | 'equal'
  | 'not-equal'
  | 'less'
  | 'less-or-equal'
  | 'greater'
  | 'greater-or-equal'
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide-integer'
  | 'remainder'
  | 'negate'
  | 'concatenate'
  | 'like'
  | 'not-like'
  | 'length'
  | 'substring'
  | 'left'
  | 'right'
  | 'absolute'
  | 'in'
  | 'distinct'
  | 'not-distinct'
  | 'add-days'
  | 'subtract-days'
  | 'days-between'
  | `extract-${'year' | 'quarter' | 'month' | 'week' | 'day' | 'dow' | 'isodow' | 'doy' | 'hour' | 'minute'}`
  | `truncate-${'year' | 'quarter' | 'month' | 'week' | 'day' | 'hour' | 'minute'}`
  /** How many digits a numeric shows behind the point. */
  | 'scale'
  | 'cast';

export type AnalyticAggregate = 'count-rows' | 'count' | 'sum' | 'min' | 'max' | 'every' | 'some';
