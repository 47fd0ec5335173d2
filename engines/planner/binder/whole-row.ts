import type { Expression } from '#schemas/program/expression.js';
import { quoteJson } from '#schemas/values/json.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Value } from '#schemas/values/value.js';
import type { EvaluationContext } from '../../functions/definition.js';
import { jsonTextOf } from '../../functions/text/to-json.js';
import type { Scalar } from '../../vm/scalar.js';
import type { ExpressionBinder } from './expressions.js';
import type { Place } from './place.js';

/** Functions whose argument may be a row: the alias of a FROM item, or ROW(…). */
const ROW_FUNCTIONS: ReadonlySet<string> = new Set([
  'row_to_json',
  'to_json',
  'to_jsonb',
  'json_agg',
  'jsonb_agg',
  'count',
]);

/** Where an argument of this function stands. */
export function argumentPlace(name: string, place: Place): Place {
  return ROW_FUNCTIONS.has(name) ? { ...place, rows: true } : place;
}

/**
 * The row of a FROM item as a JSON object, where a name is the alias of one and no column's. There are no composite values; a JSON function sees no difference but that a row
 * whose columns are all null is null, as the row of an outer join that has found nothing is.
 */
export function wholeRow(path: readonly string[], place: Place): Scalar | null {
  if (place.rows !== true || path.length !== 1) return null;
  const relation = place.scope.relation(path);
  if (relation === null) return null;
  const columns = relation.columns.map(({ id, type, name }) => ({ kind: 'column', type, id, name }) as const);
  return jsonObject(
    columns,
    path[0] as string,
    relation.columns.map(({ name }) => name),
    true,
  );
}

/** ROW(a, b): its fields are f1, f2, … */
export function rowObject(
  binder: ExpressionBinder,
  { elements }: Extract<Expression, { kind: 'row' }>,
  place: Place,
): Scalar {
  const fields = elements.map((element) => binder.bind(element, { ...place, rows: false }));
  return jsonObject(
    fields,
    'row',
    fields.map((_, i) => `f${i + 1}`),
    false,
  );
}

function jsonObject(fields: readonly Scalar[], name: string, names: readonly string[], mayBeNull: boolean): Scalar {
  const printers = fields.map(({ type }) => jsonTextOf(type));
  const heads = names.map((field) => `${quoteJson(field)}:`);
  return {
    kind: 'call',
    type: TYPES.json,
    name,
    operator: false,
    arguments: fields,
    strict: false,
    volatility: 'stable',
    evaluate: (...args) => {
      const context = args[fields.length] as EvaluationContext;
      let text = '';
      let isNull = mayBeNull;
      for (let i = 0; i < fields.length; i++) {
        const value = args[i] as Value;
        if (value !== null) isNull = false;
        text += `${i === 0 ? '' : ','}${heads[i]}${printers[i]?.(value, context)}`;
      }
      return isNull ? null : `{${text}}`;
    },
  };
}
