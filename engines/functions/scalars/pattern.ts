import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { SqlArray } from '#schemas/values/value.js';
import type { ScalarFunction } from '../definition.js';
import { arrayResult, pure } from '../signature.js';
import { similarBody } from '../text/like.js';
import { type PosixRegex, posixRegex, type RegexMatch } from '../text/posix-regex.js';

/** Groups of a match, or the whole when the pattern has none. */
export function groupsOf({ groups }: RegexMatch): SqlArray {
  return groups.length > 1 ? groups.slice(1) : groups;
}

/** regexp_replace: \1 to \9 and \& in the replacement; all matches with flag g. */
function replace(text: string, pattern: string, replacement: string, flags: string): string {
  const regex = posixRegex(pattern, flags.replaceAll('g', ''));
  const first = flags.includes('g') ? null : regex.exec(text);
  const matches = flags.includes('g') ? regex.all(text) : first === null ? [] : [first];
  let result = '';
  let from = 0;
  for (const { index, groups } of matches) {
    result += text.slice(from, index) + expand(replacement, groups);
    from = index + groups[0].length;
  }
  return result + text.slice(from);
}

function expand(replacement: string, groups: RegexMatch['groups']): string {
  if (!replacement.includes('\\')) return replacement;
  return replacement.replace(/\\([1-9&\\])/g, (_, mark: string) =>
    mark === '\\' ? '\\' : (groups[mark === '&' ? 0 : Number(mark)] ?? ''),
  );
}

/** For a function that refuses the global option. */
function single(name: string, pattern: string, flags: string, hint?: string): PosixRegex {
  if (flags.includes('g')) {
    const message = `${name}() does not support the "global" option`;
    throw new SqlError('invalid_parameter_value', message, hint === undefined ? {} : { hint });
  }
  return posixRegex(pattern, flags);
}

function match(text: string, pattern: string, flags: string): SqlArray | null {
  const found = single('regexp_match', pattern, flags, 'Use the regexp_matches function instead.').exec(text);
  return found === null ? null : groupsOf(found);
}

/** Matches of nothing at the ends, or right behind the last match, do not split. */
export function split(text: string, pattern: string, flags: string, name = 'regexp_split_to_array'): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const { index, groups } of single(name, pattern, flags).all(text)) {
    const end = index + groups[0].length;
    if (groups[0] === '' && (index >= text.length || index === from)) continue;
    parts.push(text.slice(from, index));
    from = end;
  }
  parts.push(text.slice(from));
  return parts;
}

/** substring(text from pattern): the first group, or the whole match. */
function substringByPattern(text: string, pattern: string): string | null {
  const found = posixRegex(pattern, '').exec(text);
  if (found === null) return null;
  return found.groups.length > 1 ? (found.groups[1] ?? null) : found.groups[0];
}

/** substring(text similar pattern escape e): what stands between the escape-double-quote separators. */
function substringSimilar(text: string, pattern: string, mark: string): string | null {
  const parts = pattern.split(`${mark}"`);
  const [before, middle, after] = parts.length === 3 ? (parts as [string, string, string]) : ['', pattern, ''];
  const source = `^(?:${similarBody(before, mark, '.*?')})(${similarBody(middle, mark, '.*')})(?:${similarBody(after, mark, '.*')})$`;
  return posixRegex(source, '').exec(text)?.groups[1] ?? null;
}

function count(text: string, pattern: string, start: number, flags: string): number {
  if (start <= 0) throw new SqlError('invalid_parameter_value', `invalid value for parameter "start": ${start}`);
  return single('regexp_count', pattern, flags).all(text.slice(start - 1)).length;
}

const TEXTS = arrayResult(TYPES.text);

export const PATTERN_FUNCTIONS: readonly ScalarFunction[] = [
  pure('regexp_replace', ['text', 'text', 'text'], 'text', (t: string, p: string, r: string) => replace(t, p, r, '')),
  pure('regexp_replace', ['text', 'text', 'text', 'text'], 'text', replace),
  pure('regexp_match', ['text', 'text'], TEXTS, (t: string, p: string) => match(t, p, '')),
  pure('regexp_match', ['text', 'text', 'text'], TEXTS, match),
  pure('regexp_like', ['text', 'text'], 'boolean', (t: string, p: string) => posixRegex(p, '').test(t)),
  pure('regexp_like', ['text', 'text', 'text'], 'boolean', (t: string, p: string, f: string) =>
    single('regexp_like', p, f).test(t),
  ),
  pure('regexp_count', ['text', 'text'], 'integer', (t: string, p: string) => count(t, p, 1, '')),
  pure('regexp_count', ['text', 'text', 'integer'], 'integer', (t: string, p: string, s: number) => count(t, p, s, '')),
  pure('regexp_count', ['text', 'text', 'integer', 'text'], 'integer', count),
  pure(
    'regexp_substr',
    ['text', 'text'],
    'text',
    (t: string, p: string) => posixRegex(p, '').exec(t)?.groups[0] ?? null,
  ),
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
