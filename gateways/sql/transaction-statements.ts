import type { Statement, TransactionModes } from '#schemas/program/statement.js';
import type { StatementParser } from './dialect.js';
import type { Parser } from './parser.js';

/** Statements that begin and end transactions, by their first keyword. */
export const TRANSACTION_STATEMENTS: ReadonlyMap<string, StatementParser> = new Map<string, StatementParser>([
  ['begin', parseBegin],
  ['start', parseStart],
  ['commit', (p) => end(p, 'commit')],
  ['end', (p) => end(p, 'commit')],
  ['rollback', parseRollback],
  ['abort', (p) => end(p, 'rollback')],
  ['savepoint', (p) => savepoint(p, 'savepoint')],
  ['release', parseRelease],
]);

function parseBegin(p: Parser): Statement {
  p.expect('begin');
  if (!p.accept('work')) p.accept('transaction');
  return { kind: 'begin', modes: transactionModes(p) };
}

function parseStart(p: Parser): Statement {
  p.expect('start', 'transaction');
  return { kind: 'begin', modes: transactionModes(p) };
}

function end(p: Parser, kind: 'commit' | 'rollback'): Statement {
  p.advance();
  return { kind, chain: workAndChain(p) };
}

/** [WORK | TRANSACTION] [AND [NO] CHAIN] */
function workAndChain(p: Parser): boolean {
  if (!p.accept('work')) p.accept('transaction');
  if (!p.accept('and')) return false;
  const negated = p.accept('no');
  p.expect('chain');
  return !negated;
}

function parseRollback(p: Parser): Statement {
  p.expect('rollback');
  if (!p.accept('work')) p.accept('transaction');
  if (!p.accept('to')) return { kind: 'rollback', chain: workAndChain(p) };
  p.accept('savepoint');
  return { kind: 'rollback-to-savepoint', token: p.ordinal, name: p.identifier() };
}

function savepoint(p: Parser, kind: 'savepoint' | 'release-savepoint'): Statement {
  p.expect('savepoint');
  return { kind, token: p.ordinal, name: p.identifier() };
}

function parseRelease(p: Parser): Statement {
  p.expect('release');
  if (p.at('savepoint')) return savepoint(p, 'release-savepoint');
  return { kind: 'release-savepoint', token: p.ordinal, name: p.identifier() };
}

/** ISOLATION LEVEL …, READ ONLY | WRITE, [NOT] DEFERRABLE, with or without commas between. */
export function transactionModes(p: Parser): TransactionModes {
  const modes: { -readonly [K in keyof TransactionModes]: TransactionModes[K] } = {
    isolation: null,
    readOnly: null,
    deferrable: null,
  };
  for (;;) {
    if (p.accept('isolation', 'level')) modes.isolation = isolationLevel(p);
    else if (p.accept('read', 'only')) modes.readOnly = true;
    else if (p.accept('read', 'write')) modes.readOnly = false;
    else if (p.accept('deferrable')) modes.deferrable = true;
    else if (p.accept('not', 'deferrable')) modes.deferrable = false;
    else return modes;
    if (p.acceptSymbol(',') && !p.atAny('isolation', 'read', 'deferrable', 'not')) throw p.syntaxError();
  }
}

function isolationLevel(p: Parser): NonNullable<TransactionModes['isolation']> {
  if (p.accept('serializable')) return 'serializable';
  if (p.accept('repeatable', 'read')) return 'repeatable read';
  if (p.accept('read', 'committed')) return 'read committed';
  p.expect('read', 'uncommitted');
  return 'read uncommitted';
}
