import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { SqlArray } from '#schemas/values/value.js';
import type { ScalarFunction } from '../definition.js';
import { arrayResult, pure } from '../signature.js';
import { posixRegex } from '../text/posix-regex.js';

/** A search from `lastIndex` on, past a match of nothing. */
export function allMatches(pattern: string, flags: string, text: string): RegExpExecArray[] {
  const base = posixRegex(pattern, flags);
  return [...text.matchAll(new RegExp(base.source, `${base.flags}g`))] as RegExpExecArray[];
}

/** Groups of a match, or the whole when the pattern has none. */
export function groupsOf(match: RegExpExecArray): SqlArray {
  return match.length > 1 ? match.slice(1).map((group) => group ?? null) : [match[0]];
}

/** regexp_replace: \1 to \9 and \& in the replacement; all matches with flag g. */
function replace(text: string, pattern: string, replacement: string, flags: string): string {
  const base = posixRegex(pattern, flags.replaceAll('g', ''));
  const regex = flags.includes('g') ? new RegExp(base.source, `${base.flags}g`) : base;
  return text.replace(regex, (...groups: readonly unknown[]) =>
    replacement.replace(/\\([1-9&\\])/g, (_, mark: string) => {
      if (mark === '\\') return '\\';
      const group = groups[mark === '&' ? 0 : Number(mark)];
      return typeof group === 'string' ? group : '';
    }),
  );
}

function match(text: string, pattern: string, flags: string): SqlArray | null {
  if (flags.includes('g')) {
    throw new SqlError('invalid_parameter_value', 'regexp_match() does not support the "global" option', {
      hint: 'Use the regexp_matches function instead.',
    });
  }
  const found = posixRegex(pattern, flags).exec(text);
  return found === null ? null : groupsOf(found);
}

/** Matches of nothing at the ends, or right behind the last match, do not split. */
export function split(text: string, pattern: string, flags: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const found of allMatches(pattern, flags, text)) {
    const end = found.index + found[0].length;
    if (found[0] === '' && (found.index >= text.length || found.index === from)) continue;
    parts.push(text.slice(from, found.index));
    from = end;
  }
  parts.push(text.slice(from));
  return parts;
}

/** substring(text from pattern): the first group, or the whole match. */
function substringByPattern(text: string, pattern: string): string | null {
  const found = posixRegex(pattern, '').exec(text);
  if (found === null) return null;
  return found.length > 1 ? (found[1] ?? null) : found[0];
}

/** substring(text similar pattern escape e): what stands between the escape-double-quote separators. */
function substringSimilar(text: string, pattern: string, mark: string): string | null {
  const parts = pattern.split(`${mark}"`);
  const regex = (part: string): string =>
    part
      .replace(/[.*+?^$(){}|[\]\\]/g, '\\$&')
      .replaceAll('%', '.*')
      .replaceAll('_', '.');
  const [before, middle, after] = parts.length === 3 ? parts : ['', pattern, ''];
  const found = new RegExp(
    `^(?:${regex(before ?? '').replace('.*', '.*?')})(${regex(middle ?? '')})(?:${regex(after ?? '')})$`,
    'su',
  ).exec(text);
  return found?.[1] ?? null;
}

function count(text: string, pattern: string, start: number, flags: string): number {
  if (start <= 0) throw new SqlError('invalid_parameter_value', `invalid value for parameter "start": ${start}`);
  return allMatches(pattern, flags, text.slice(start - 1)).length;
}

const TEXTS = arrayResult(TYPES.text);

export const PATTERN_FUNCTIONS: readonly ScalarFunction[] = [
  pure('regexp_replace', ['text', 'text', 'text'], 'text', (t: string, p: string, r: string) => replace(t, p, r, '')),
  pure('regexp_replace', ['text', 'text', 'text', 'text'], 'text', replace),
  pure('regexp_match', ['text', 'text'], TEXTS, (t: string, p: string) => match(t, p, '')),
  pure('regexp_match', ['text', 'text', 'text'], TEXTS, match),
  pure('regexp_like', ['text', 'text'], 'boolean', (t: string, p: string) => posixRegex(p, '').test(t)),
  pure('regexp_like', ['text', 'text', 'text'], 'boolean', (t: string, p: string, f: string) =>
    posixRegex(p, f).test(t),
  ),
  pure('regexp_count', ['text', 'text'], 'integer', (t: string, p: string) => count(t, p, 1, '')),
  pure('regexp_count', ['text', 'text', 'integer'], 'integer', (t: string, p: string, s: number) => count(t, p, s, '')),
  pure('regexp_count', ['text', 'text', 'integer', 'text'], 'integer', count),
  pure('regexp_substr', ['text', 'text'], 'text', (t: string, p: string) => posixRegex(p, '').exec(t)?.[0] ?? null),
  pure(
    'regexp_instr',
    ['text', 'text'],
    'integer',
    (t: string, p: string) => (posixRegex(p, '').exec(t)?.index ?? -1) + 1,
  ),
  pure('regexp_split_to_array', ['text', 'text'], TEXTS, (t: string, p: string) => split(t, p, '')),
  pure('regexp_split_to_array', ['text', 'text', 'text'], TEXTS, split),
  pure('substring', ['text', 'text'], 'text', substringByPattern),
  pure('substring', ['text', 'text', 'text'], 'text', substringSimilar),
];
