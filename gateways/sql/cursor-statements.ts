import type { Statement } from '#schemas/program/statement.js';
import type { StatementParser } from './dialect.js';
import type { Parser } from './parser.js';
import { TOKEN } from './scanner.js';

/** DECLARE, FETCH, MOVE, CLOSE by their first keyword. */
export const CURSOR_STATEMENTS: ReadonlyMap<string, StatementParser> = new Map<string, StatementParser>([
  ['declare', parseDeclare],
  ['fetch', (p) => parseFetch(p, false)],
  ['move', (p) => parseFetch(p, true)],
  ['close', parseClose],
]);

function parseDeclare(p: Parser): Statement {
  p.expect('declare');
  const name = p.identifier();
  let binary = false;
  let scroll = false;
  for (;;) {
    if (p.accept('binary')) binary = true;
    else if (p.accept('scroll')) scroll = true;
    else if (!p.accept('no', 'scroll') && !p.accept('insensitive') && !p.accept('asensitive')) break;
  }
  p.expect('cursor');
  const token = p.ordinal;
  const hold = p.accept('with', 'hold') ? token : null;
  if (hold === null) p.accept('without', 'hold');
  p.expect('for');
  return { kind: 'declare-cursor', name, hold, scroll, binary, query: p.dialect.grammar.query(p) };
}

type Motion = Pick<Extract<Statement, { kind: 'fetch-cursor' }>, 'direction' | 'count'>;

function parseFetch(p: Parser, move: boolean): Statement {
  p.advance();
  const motion = parseMotion(p);
  if (!p.accept('from')) p.accept('in');
  return { kind: 'fetch-cursor', name: p.identifier(), ...motion, move };
}

function parseMotion(p: Parser): Motion {
  if (p.accept('next')) return { direction: 'forward', count: 1 };
  if (p.accept('prior')) return { direction: 'backward', count: 1 };
  if (p.accept('first')) return { direction: 'absolute', count: 1 };
  if (p.accept('last')) return { direction: 'absolute', count: -1 };
  if (p.accept('all')) return { direction: 'forward', count: null };
  const place = p.acceptAny('absolute', 'relative');
  if (place !== null) return { direction: place, count: p.integer(true) };
  // A cursor may be called forward, but then FROM stands before its name.
  const direction = p.acceptAny('forward', 'backward') ?? 'forward';
  if (p.accept('all')) return { direction, count: null };
  const hasCount = p.token.kind === TOKEN.integer || p.atOperator('-') || p.atOperator('+');
  return { direction, count: hasCount ? p.integer(true) : 1 };
}

function parseClose(p: Parser): Statement {
  p.expect('close');
  return { kind: 'close-cursor', name: p.accept('all') ? null : p.identifier() };
}
