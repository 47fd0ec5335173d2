import { textPrinter } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import type { EvaluationContext } from '../definition.js';

/** How a non-null value of `type` prints under the session's settings. The printer is made once a context and kept. */
export function printerOf(type: SqlType): (value: Value, context: EvaluationContext) => string {
  switch (type.kind) {
    case 'text':
    case 'varchar':
    case 'name':
    case 'unknown':
      return (value) => value as string;
    case 'integer':
    case 'bigint':
      return String;
    default: {
      let seen: EvaluationContext['text'] | null = null;
      let print: ((value: Value) => string) | null = null;
      return (value, context) => {
        if (print === null || seen !== context.text) {
          seen = context.text;
          print = textPrinter(type, context.text);
        }
        return print(value);
      };
    }
  }
}
