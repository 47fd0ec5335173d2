import { SqlError } from '../sqlstate/sql-error.js';
import type { Numeric } from './numeric.js';
import { fitNumeric } from './numeric-arithmetic.js';
import type { SqlType } from './type.js';
import { printType } from './type-name.js';
import type { SqlArray, Value } from './value.js';

/**
 * Fits a value of the right kind to the modifiers of `type`: lengths and precision. `explicit` is a CAST, which cuts a long string; an assignment refuses it
 * unless only blanks are lost. Throws 22001 and 22003.
 */
export function fitToType(type: SqlType, value: Value, explicit: boolean): Value {
  if (value === null) return null;
  switch (type.kind) {
    case 'numeric':
      return type.precision === null ? value : fitNumeric(value as Numeric, type.precision, type.scale ?? 0);
    case 'varchar':
      return type.length === null ? value : fitText(type, value as string, type.length, explicit);
    case 'char':
      return type.length === 0 ? value : trimBlanks(fitText(type, value as string, type.length, explicit));
    case 'array':
      return hasModifiers(type.element)
        ? (value as SqlArray).map((item) => fitToType(Array.isArray(item) ? type : type.element, item, explicit))
        : value;
    default:
      return value;
  }
}

/** True when `fitToType` may change or refuse a value of this type. */
export function hasModifiers(type: SqlType): boolean {
  if (type.kind === 'numeric') return type.precision !== null;
  if (type.kind === 'varchar') return type.length !== null;
  if (type.kind === 'char') return type.length !== 0;
  return type.kind === 'array' && hasModifiers(type.element);
}

function fitText(type: SqlType, text: string, length: number, explicit: boolean): string {
  if (text.length <= length) return text;
  const characters = [...text];
  if (characters.length <= length) return text;
  const kept = characters.slice(0, length).join('');
  if (!explicit && characters.slice(length).some((c) => c !== ' ')) {
    throw new SqlError('string_data_right_truncation', `value too long for type ${printType(type)}`);
  }
  return kept;
}

function trimBlanks(text: string): string {
  return text.replace(/ +$/, '');
}
