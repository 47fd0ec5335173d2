import { type Json, jsonText, parseJson } from '#schemas/values/json.js';

/** Pieces of a json text as they were written: the type json keeps blanks, digits and duplicates. */

const STRING = /"(?:[^"\\]|\\.)*"/sy;

function skipBlank(text: string, at: number): number {
  let i = at;
  while (' \t\n\r'.includes(text[i] ?? 'x')) i++;
  return i;
}

/** One past the value that begins at `at`. */
function endOfValue(text: string, at: number): number {
  if (text[at] === '"') {
    STRING.lastIndex = at;
    return at + (STRING.exec(text)?.[0].length ?? 1);
  }
  if (text[at] !== '{' && text[at] !== '[')
    return at + (/^[^\s,\]}:]+/.exec(text.slice(at, at + 1_000))?.[0].length ?? 1);
  let depth = 0;
  let i = at;
  do {
    const c = text[i];
    if (c === '"') i = endOfValue(text, i);
    else {
      if (c === '{' || c === '[') depth++;
      else if (c === '}' || c === ']') depth--;
      i++;
    }
  } while (depth > 0 && i < text.length);
  return i;
}

export type RawKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

export function rawKind(text: string): RawKind {
  const c = text[skipBlank(text, 0)];
  if (c === '{') return 'object';
  if (c === '[') return 'array';
  if (c === '"') return 'string';
  if (c === 't' || c === 'f') return 'boolean';
  return c === 'n' ? 'null' : 'number';
}

/** Members of an object in the order written, duplicates too. */
export function rawMembers(text: string): Array<readonly [key: string, value: string]> {
  const members: Array<readonly [string, string]> = [];
  let at = skipBlank(text, 0) + 1;
  for (;;) {
    at = skipBlank(text, at);
    if (text[at] !== '"') return members;
    const keyEnd = endOfValue(text, at);
    const key = parseJson(text.slice(at, keyEnd)) as string;
    at = skipBlank(text, skipBlank(text, keyEnd) + 1);
    const end = endOfValue(text, at);
    members.push([key, text.slice(at, end)]);
    at = skipBlank(text, end) + 1;
  }
}

export function rawElements(text: string): string[] {
  const elements: string[] = [];
  let at = skipBlank(text, skipBlank(text, 0) + 1);
  while (at < text.length && text[at] !== ']') {
    const end = endOfValue(text, at);
    elements.push(text.slice(at, end));
    at = skipBlank(text, skipBlank(text, end) + 1);
  }
  return elements;
}

/** json -> key; the last of duplicates. */
export function rawMember(text: string, key: string): string | null {
  return rawKind(text) === 'object' ? (rawMembers(text).findLast(([name]) => name === key)?.[1] ?? null) : null;
}

/** json -> index, negative from the end. */
export function rawElement(text: string, index: number): string | null {
  return rawKind(text) === 'array' ? (rawElements(text).at(index) ?? null) : null;
}

export function rawAtPath(text: string, path: readonly (string | null)[]): string | null {
  let here: string | null = text;
  for (const step of path) {
    if (here === null || step === null) return null;
    const index = /^-?\d+$/.test(step) ? Number(step) : null;
    here = rawKind(here) === 'array' ? (index === null ? null : rawElement(here, index)) : rawMember(here, step);
  }
  return here;
}

/** A piece as ->> gives it: strings without quotes, null as SQL NULL. */
export function rawText(piece: string | null): string | null {
  if (piece === null) return null;
  const kind = rawKind(piece);
  if (kind === 'string') return jsonText(parseJson(piece) as Json);
  return kind === 'null' ? null : piece;
}
