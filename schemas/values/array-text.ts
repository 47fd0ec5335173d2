import { SqlError } from '../sqlstate/sql-error.js';
import type { SqlArray, Value } from './value.js';

const BOUNDS = /^\s*((?:\[[+-]?\d+(?::[+-]?\d+)?\]\s*)+)=\s*/;

/** {a,"b c",NULL,{…}}: PostgreSQL's array input. Throws 22P02; 0A000 for lower bounds other than 1, which are not kept. */
export function parseArray(text: string, element: (text: string) => Value): SqlArray {
  const bounds = BOUNDS.exec(text);
  const body = (bounds === null ? text : text.slice(bounds[0].length)).trim();
  const malformed = (detail: string): SqlError =>
    new SqlError('invalid_text_representation', `malformed array literal: "${text}"`, { detail });
  if (!body.startsWith('{')) throw malformed('Array value must start with "{" or dimension information.');
  const state = { at: 0 };
  // All of the braces are looked at before the first element is.
  const parts = readArray(body, state, malformed);
  if (body.slice(state.at).trim() !== '') throw malformed('Junk after closing right brace.');
  const sizes = shapeOf(parts);
  if (sizes === null) throw malformed('Multidimensional arrays must have sub-arrays with matching dimensions.');
  if (bounds !== null) checkBounds(text, bounds[1] as string, sizes);
  return readElements(parts, element);
}

function readElements(parts: SqlArray, element: (text: string) => Value): SqlArray {
  return parts.map((part) => {
    if (part === null) return null;
    return Array.isArray(part) ? readElements(part as SqlArray, element) : element(part as string);
  });
}

/** Sizes of the dimensions, or null when parts differ in theirs or a nested part is empty. */
function shapeOf(array: SqlArray): number[] | null {
  if (array.length === 0) return [];
  const nested = array.filter((item) => Array.isArray(item));
  if (nested.length === 0) return [array.length];
  if (nested.length !== array.length) return null;
  const shapes = array.map((item) => shapeOf(item as SqlArray));
  const first = shapes[0];
  if (first === undefined || first === null || first.length === 0) return null;
  return shapes.every((shape) => shape?.join() === first.join()) ? [array.length, ...first] : null;
}

function checkBounds(text: string, bounds: string, sizes: readonly number[]): void {
  const declared = [...bounds.matchAll(/\[([+-]?\d+)(?::([+-]?\d+))?\]/g)].map((match) =>
    match[2] === undefined ? ([1, Number(match[1])] as const) : ([Number(match[1]), Number(match[2])] as const),
  );
  if (declared.map(([low, high]) => high - low + 1).join() !== sizes.join()) {
    throw new SqlError('invalid_text_representation', `malformed array literal: "${text}"`, {
      detail: 'Specified array dimensions do not match array contents.',
    });
  }
  if (declared.some(([low]) => low !== 1)) {
    throw new SqlError('feature_not_supported', 'arrays with a lower bound other than 1 are not supported');
  }
}

/** The texts of the elements; null where one is NULL. */
function readArray(text: string, state: { at: number }, malformed: (detail: string) => SqlError): Value[] {
  state.at++;
  const items: Value[] = [];
  skipBlank(text, state);
  if (text[state.at] === '}') {
    state.at++;
    return items;
  }
  for (;;) {
    skipBlank(text, state);
    const nested = items.length === 0 ? null : Array.isArray(items[0]);
    if (text[state.at] === '{') {
      if (nested === false) throw malformed('Unexpected "{" character.');
      items.push(readArray(text, state, malformed));
    } else {
      const item = readItem(text, state);
      if (item === null) throw malformed(unexpected(text[state.at]));
      if (nested === true) throw malformed('Unexpected array element.');
      items.push(!item.quoted && item.text.toUpperCase() === 'NULL' ? null : item.text);
    }
    skipBlank(text, state);
    const c = text[state.at++];
    if (c === '}') return items;
    if (c !== ',') throw malformed(c === '{' || c === undefined ? unexpected(c) : 'Unexpected array element.');
  }
}

function unexpected(character: string | undefined): string {
  return character === undefined || character === '"'
    ? 'Unexpected end of input.'
    : `Unexpected "${character}" character.`;
}

function readItem(text: string, state: { at: number }): { text: string; quoted: boolean } | null {
  if (text[state.at] === '"') {
    const match = /"((?:[^"\\]|\\.)*)"/sy;
    match.lastIndex = state.at;
    const found = match.exec(text);
    if (found === null) return null;
    state.at += found[0].length;
    return { text: (found[1] as string).replace(/\\(.)/gs, '$1'), quoted: true };
  }
  const match = /(?:[^{}",\\]|\\.)+/sy;
  match.lastIndex = state.at;
  const found = match.exec(text);
  if (found === null) return null;
  state.at += found[0].length;
  return { text: found[0].trim().replace(/\\(.)/gs, '$1'), quoted: found[0].includes('\\') };
}

function skipBlank(text: string, state: { at: number }): void {
  while (/\s/.test(text[state.at] ?? 'x')) state.at++;
}

export function printArray(array: SqlArray, element: (value: Value) => string): string {
  const items = array.map((item) => {
    if (item === null) return 'NULL';
    if (Array.isArray(item)) return printArray(item as SqlArray, element);
    const text = element(item);
    return text === '' || /[{}",\\\s]/.test(text) || text.toUpperCase() === 'NULL'
      ? `"${text.replace(/["\\]/g, '\\$&')}"`
      : text;
  });
  return `{${items.join(',')}}`;
}
