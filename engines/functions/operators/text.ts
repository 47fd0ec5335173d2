import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { castMethod } from '#schemas/values/cast.js';
import type { SqlType } from '#schemas/values/type.js';
import { printTypeKind } from '#schemas/values/type-name.js';
import type { Value } from '#schemas/values/value.js';
import type { EvaluationContext, OperatorDefinition } from '../definition.js';
import { infix, notSpecialised } from '../signature.js';
import { like, likeIgnoringCase } from '../text/like.js';
import { posixRegex } from '../text/posix-regex.js';
import { printerOf } from '../text/printed.js';

/** text || anything and anything || text: the other side is printed as its type prints. Arrays have their own ||. */
function joinWith(
  side: 0 | 1,
): (types: readonly SqlType[]) => (a: Value, b: Value, context: EvaluationContext) => Value {
  return (types) => {
    const type = types[side] as SqlType;
    if (type.kind === 'array' || castMethod(type, { kind: 'text' }) === null) {
      throw new SqlError('undefined_function', `operator does not exist: ${types.map(printTypeKind).join(' || ')}`);
    }
    const print = printerOf(type);
    return side === 0
      ? (a, b, context) => print(a, context) + (b as string)
      : (a, b, context) => (a as string) + print(b, context);
  };
}

const concatenate = (a: string, b: string): string => a + b;

/** Operators on text: concatenation, LIKE, regular expressions. */
export const TEXT_OPERATORS: readonly OperatorDefinition[] = [
  infix('||', 'text', 'text', 'text', concatenate),
  { ...infix('||', 'text', 'any', 'text', notSpecialised), volatility: 'stable', specialise: joinWith(1) },
  { ...infix('||', 'any', 'text', 'text', notSpecialised), volatility: 'stable', specialise: joinWith(0) },
  infix('||', 'bytea', 'bytea', 'bytea', (a: Uint8Array, b: Uint8Array) => Buffer.concat([a, b])),
  infix('~~', 'text', 'text', 'boolean', like),
  infix('!~~', 'text', 'text', 'boolean', (text: string, pattern: string) => !like(text, pattern)),
  infix('~~*', 'text', 'text', 'boolean', likeIgnoringCase),
  infix('!~~*', 'text', 'text', 'boolean', (text: string, pattern: string) => !likeIgnoringCase(text, pattern)),
  infix('~', 'text', 'text', 'boolean', (text: string, pattern: string) => posixRegex(pattern, '').test(text)),
  infix('!~', 'text', 'text', 'boolean', (text: string, pattern: string) => !posixRegex(pattern, '').test(text)),
  infix('~*', 'text', 'text', 'boolean', (text: string, pattern: string) => posixRegex(pattern, 'i').test(text)),
  infix('!~*', 'text', 'text', 'boolean', (text: string, pattern: string) => !posixRegex(pattern, 'i').test(text)),
  infix('^@', 'text', 'text', 'boolean', (text: string, start: string) => text.startsWith(start)),
];
