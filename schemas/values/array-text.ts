import { SqlError } from '../sqlstate/sql-error.js';
import type { SqlArray, Value } from './value.js';

/** {a,"b c",NULL,{…}}: PostgreSQL's array input. Lower bounds other than 1 are not kept. Throws 22P02. */
export function parseArray(text: string, element: (text: string) => Value): SqlArray {
  const body = text.trim().replace(/^(?:\[[+-]?\d+(?::[+-]?\d+)?\])+\s*=\s*/, '');
  const state = { at: 0 };
  const value = readArray(body, state, element);
  if (value === null || body.slice(state.at).trim() !== '') {
    throw new SqlError('invalid_text_representation', `malformed array literal: "${text}"`, {
      detail: body.startsWith('{') ? 'Unexpected array element.' : 'Array value must start with "{" or dimension information.',
    });
  }
  return value;
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
    return text === '' || /[{}",\\\s]/.test(text) || text.toUpperCase() === 'NULL' ? `"${text.replace(/["\\]/g, '\\$&')}"` : text;
  });
  return `{${items.join(',')}}`;
}
