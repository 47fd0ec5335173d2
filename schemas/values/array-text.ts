import { SqlError } from '../sqlstate/sql-error.js';
import type { SqlArray, Value } from './value.js';

const BOUNDS = /^\s*((?:\[[+-]?\d+(?::[+-]?\d+)?\]\s*)+)=\s*/;

/** {a,"b c",NULL,{…}}: PostgreSQL's array input. Throws 22P02; 0A000 for lower bounds other than 1, which are not kept. */
export function parseArray(text: string, element: (text: string) => Value): SqlArray {
  const bounds = BOUNDS.exec(text);
  const body = (bounds === null ? text : text.slice(bounds[0].length)).trim();
  const state = { at: 0 };
  const value = readArray(body, state, element);
  const sizes = value === null ? null : shapeOf(value);
  if (value === null || sizes === null || body.slice(state.at).trim() !== '') {
    throw new SqlError('invalid_text_representation', `malformed array literal: "${text}"`, {
      detail: body.startsWith('{')
        ? 'Unexpected array element.'
        : 'Array value must start with "{" or dimension information.',
    });
  }
  if (bounds !== null) checkBounds(text, bounds[1] as string, sizes);
  return value;
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

function readArray(text: string, state: { at: number }, element: (text: string) => Value): Value[] | null {
  if (text[state.at] !== '{') return null;
  state.at++;
  const items: Value[] = [];
  skipBlank(text, state);
  if (text[state.at] === '}') {
    state.at++;
    return items;
  }
  for (;;) {
    skipBlank(text, state);
    if (text[state.at] === '{') {
      const inner = readArray(text, state, element);
      if (inner === null) return null;
      items.push(inner);
    } else {
      const item = readItem(text, state);
      if (item === null) return null;
      items.push(!item.quoted && item.text.toUpperCase() === 'NULL' ? null : element(item.text));
    }
    skipBlank(text, state);
    const c = text[state.at++];
    if (c === '}') return items;
    if (c !== ',') return null;
  }
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
