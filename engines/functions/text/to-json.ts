import { type Json, parseJson, quoteJson } from '#schemas/values/json.js';
import type { Numeric } from '#schemas/values/numeric.js';
import { numericFromDouble, printNumeric } from '#schemas/values/numeric-arithmetic.js';
import { textPrinter } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import type { SqlArray, Value } from '#schemas/values/value.js';
import type { EvaluationContext } from '../definition.js';
import { printerOf } from './printed.js';

type ToText = (value: Value, context: EvaluationContext) => string;

/** to_json(): the JSON text of a SQL value. Numbers stay bare unless JSON has no word for them; times are ISO 8601. */
export function jsonTextOf(type: SqlType): ToText {
  const print = nonNull(type);
  return (value, context) => (value === null ? 'null' : print(value, context));
}

function nonNull(type: SqlType): ToText {
  switch (type.kind) {
    case 'boolean':
      return (v) => (v === true ? 'true' : 'false');
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'oid':
      return String;
    case 'numeric':
      return (v) => ((v as Numeric).special === null ? printNumeric(v as Numeric) : `"${(v as Numeric).special}"`);
    case 'real':
    case 'double': {
      const print = printerOf(type);
      return (v, context) => (Number.isFinite(v as number) ? print(v, context) : `"${print(v, context)}"`);
    }
    case 'json':
    case 'jsonb':
      return (v) => v as string;
    case 'timestamp':
    case 'timestamptz':
    case 'date':
      return isoTime(type);
    case 'array': {
      const element = jsonTextOf(type.element);
      const each = (v: SqlArray, context: EvaluationContext): string =>
        `[${v.map((item) => (Array.isArray(item) ? each(item as SqlArray, context) : element(item, context))).join(',')}]`;
      return (v, context) => each(v as SqlArray, context);
    }
    default: {
      const print = printerOf(type);
      return (v, context) => quoteJson(print(v, context));
    }
  }
}

/** ISO 8601 whatever the DateStyle; an offset always has its minutes. */
function isoTime(type: SqlType): ToText {
  return (value, context) => {
    const text = textPrinter(type, { ...context.text, dateStyle: 'ISO' })(value).replace(' ', 'T');
    return `"${text.replace(/([+-]\d{2})$/, (offset) => (text.includes('T') && type.kind === 'timestamptz' ? `${offset}:00` : offset))}"`;
  };
}

/** to_jsonb(): the same as a parsed document. */
export function jsonOf(type: SqlType): (value: Value, context: EvaluationContext) => Json {
  const text = jsonTextOf(type);
  switch (type.kind) {
    case 'text':
    case 'varchar':
    case 'name':
    case 'unknown':
    case 'boolean':
      return (value) => value as Json;
    case 'double':
      return (value, context) =>
        value === null
          ? null
          : Number.isFinite(value as number)
            ? numericFromDouble(value as number)
            : parseJson(text(value, context));
    default:
      return (value, context) => (value === null ? null : parseJson(text(value, context)));
  }
}

/** A member's name, from a value of any type. */
export function keyOf(type: SqlType): ToText {
  return printerOf(type);
}
