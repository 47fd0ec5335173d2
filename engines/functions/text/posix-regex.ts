import { createContext, Script } from 'node:vm';
import { RE2JS } from 're2js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { malformed, type PosixPattern, parsePattern, translate } from './posix-syntax.js';

/**
 * Regular expressions that cannot hold the engine. RE2 matches in time that grows with the text alone, and takes the longest match as POSIX wants it. Back
 * references and lookaheads are beyond any automaton: those few patterns backtrack, and a match that takes too long is given up.
 */
export interface PosixRegex {
  test(text: string): boolean;
  /** The first match. */
  exec(text: string): RegexMatch | null;
  /** All matches from the left, none upon another; one of nothing moves on by a character. */
  all(text: string): RegexMatch[];
}

export interface RegexMatch {
  readonly index: number;
  /** The whole match and then each group: null where it took no part. */
  readonly groups: readonly [string, ...(string | null)[]];
}

/** A compiled pattern may hold some MiB of automaton. */
const KEPT = 32;
const compiled = new Map<string, PosixRegex>();

// A statement matches one pattern against many rows: those find it without making a key.
let lastPattern = '';
let lastFlags = '';
let last: PosixRegex | null = null;

/** The regular expression for `pattern` under `flags` (c i m n p q s t w x; g is the caller's). Throws 2201B for a pattern that is none, 22023 for an unknown flag. */
export function posixRegex(pattern: string, flags: string): PosixRegex {
  if (last !== null && lastPattern === pattern && lastFlags === flags) return last;
  const key = `${flags}/${pattern}`;
  let regex = compiled.get(key);
  if (regex === undefined) {
    regex = compile(parsePattern(pattern, flags));
    for (const oldest of compiled.keys()) {
      if (compiled.size < KEPT) break;
      compiled.delete(oldest);
    }
    compiled.set(key, regex);
  }
  lastPattern = pattern;
  lastFlags = flags;
  last = regex;
  return regex;
}

function compile(pattern: PosixPattern): PosixRegex {
  const { ignoreCase, newline, dotNewline } = pattern.modes;
  const { source, backtracking, lazy } = translate(pattern, 're2');
  try {
    if (backtracking) {
      const flags = `u${ignoreCase ? 'i' : ''}${newline ? 'm' : ''}${dotNewline ? 's' : ''}`;
      return new BacktrackingRegex(new RegExp(translate(pattern, 'javascript').source, `${flags}g`));
    }
    const flags =
      (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) | (newline ? RE2JS.MULTILINE : 0) | (dotNewline ? RE2JS.DOTALL : 0);
    return new LinearRegex(RE2JS.compile(source, flags | RE2JS.LOOKBEHINDS | (lazy ? 0 : RE2JS.LONGEST_MATCH)));
  } catch (error) {
    if (error instanceof SqlError) throw error;
    throw malformed(reasonOf(error instanceof Error ? error.message : String(error)));
  }
}

/** In PostgreSQL's words, where it has some. */
function reasonOf(message: string): string {
  if (/repetition operator|nothing to repeat/i.test(message)) return 'quantifier operand invalid';
  if (/repeat count|out of order in .* quantifier/i.test(message)) return 'invalid repetition count(s)';
  if (/character class range|out of order in character class/i.test(message)) return 'invalid character range';
  if (/\)|unterminated group|unmatched/i.test(message)) return 'parentheses () not balanced';
  return message.replace(/^error parsing regexp: |^Invalid regular expression: /, '');
}

class LinearRegex implements PosixRegex {
  readonly #regex: RE2JS;

  constructor(regex: RE2JS) {
    this.#regex = regex;
  }

  test(text: string): boolean {
    return this.#regex.test(text);
  }

  exec(text: string): RegexMatch | null {
    const found = this.#regex.exec(text);
    return found === null ? null : taken(found as RegExpExecArray);
  }

  all(text: string): RegexMatch[] {
    return Array.from(this.#regex.matchAll(text), taken);
  }
}

function taken(found: RegExpMatchArray): RegexMatch {
  const [whole, ...groups] = found;
  return { index: found.index ?? 0, groups: [whole, ...groups.map((group) => group ?? null)] };
}

const BACKTRACKING_LIMIT_MS = 250;
const EXEC = new Script('regex.exec(text)');
const ALL = new Script('[...text.matchAll(regex)]');

/** Matching happens in a context of its own, as only what runs in one can be ended by a timer. */
class BacktrackingRegex implements PosixRegex {
  readonly #context: { regex: RegExp; text: string };

  constructor(regex: RegExp) {
    this.#context = { regex, text: '' };
    createContext(this.#context);
  }

  test(text: string): boolean {
    return this.exec(text) !== null;
  }

  exec(text: string): RegexMatch | null {
    this.#context.regex.lastIndex = 0;
    const found = this.#run(EXEC, text) as RegExpExecArray | null;
    return found === null ? null : taken(found);
  }

  all(text: string): RegexMatch[] {
    return Array.from(this.#run(ALL, text) as RegExpExecArray[], taken);
  }

  #run(script: Script, text: string): unknown {
    this.#context.text = text;
    try {
      return script.runInContext(this.#context, { timeout: BACKTRACKING_LIMIT_MS });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      throw new SqlError('invalid_regular_expression', 'regular expression failed: regular expression is too complex', {
        detail: `A text of ${text.length} characters was not matched within ${BACKTRACKING_LIMIT_MS} ms.`,
        hint: 'Patterns without back references and lookahead are matched in linear time.',
      });
    } finally {
      this.#context.text = '';
    }
  }
}
