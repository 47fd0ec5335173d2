import type { ObjectPath, Option, Statement } from '#schemas/program/statement.js';
import type { StatementParser } from './dialect.js';
import type { Parser } from './parser.js';
import { parseRelations } from './relation.js';
import { optionList } from './storage-options.js';

/** LOCK, EXPLAIN, VACUUM, ANALYZE, CHECKPOINT, REINDEX by their first keyword. */
export const MAINTENANCE_STATEMENTS: ReadonlyMap<string, StatementParser> = new Map<string, StatementParser>([
  ['lock', parseLock],
  ['explain', parseExplain],
  ['vacuum', parseVacuum],
  ['analyze', parseAnalyze],
  ['analyse', parseAnalyze],
  ['checkpoint', parseCheckpoint],
  ['reindex', parseReindex],
]);

const LOCK_MODES = [
  'access share',
  'row share',
  'row exclusive',
  'share update exclusive',
  'share row exclusive',
  'share',
  'access exclusive',
  'exclusive',
];

function parseLock(p: Parser): Statement {
  p.expect('lock');
  p.accept('table');
  const tables = parseRelations(p);
  let mode: string | undefined = 'access exclusive';
  if (p.accept('in')) {
    mode = LOCK_MODES.find((words) => {
      const [first = '', second, third] = words.split(' ');
      return p.accept(first, second, third);
    });
    if (mode === undefined) throw p.syntaxError();
    p.expect('mode');
  }
  return { kind: 'lock-table', tables, mode, nowait: p.accept('nowait') };
}

function parseExplain(p: Parser): Statement {
  p.expect('explain');
  const options: Option[] = [];
  if (p.atSymbol('(') && !opensQuery(p)) options.push(...optionList(p));
  else
    for (
      let word = p.acceptAny('analyze', 'analyse', 'verbose');
      word !== null;
      word = p.acceptAny('analyze', 'analyse', 'verbose')
    )
      options.push({ name: word, value: null, token: p.ordinal - 1 });
  const analyze = options.find((option) => option.name === 'analyze' || option.name === 'analyse');
  const explainable =
    p.atSymbol('(') || p.atAny('select', 'insert', 'update', 'delete', 'values', 'table', 'with', 'create', 'declare');
  if (p.at('execute')) throw p.unsupported('EXPLAIN EXECUTE');
  const rule = explainable ? p.dialect.grammar.statements.get(p.atSymbol('(') ? 'select' : p.token.keyword) : undefined;
  if (rule === undefined) throw p.syntaxError();
  const token = p.ordinal;
  const statement = p.withoutLifting(() => rule(p));
  if (statement.kind === 'prepare' || statement.kind === 'execute' || statement.kind === 'deallocate')
    throw p.syntaxError();
  const others = options
    .filter((option) => option !== analyze)
    .map((option) => ({ ...option, value: option.value ?? true }));
  const run = analyze !== undefined && isOn(analyze.value) ? analyze.token : null;
  return { kind: 'explain', analyze: run, options: others, statement, token };
}

function isOn(value: Option['value']): boolean {
  return value === null || value === true || value === 1 || value === 'on';
}

function opensQuery(p: Parser): boolean {
  let ahead = 0;
  while (p.atSymbol('(', ahead)) ahead++;
  return ['select', 'values', 'with', 'table'].includes(p.peek(ahead).keyword);
}

/** Options ask for more or less work on storage that we do not have; ANALYZE alone means something. */
function parseVacuum(p: Parser): Statement {
  p.expect('vacuum');
  let analyze = false;
  if (p.atSymbol('(')) analyze = optionList(p).some((option) => /^analy[sz]e$/.test(option.name) && isOn(option.value));
  else {
    p.accept('full');
    p.accept('freeze');
    p.accept('verbose');
    analyze = p.acceptAny('analyze', 'analyse') !== null;
  }
  return { kind: 'maintain', action: analyze ? 'vacuum analyze' : 'vacuum', tables: maintained(p) };
}

function parseAnalyze(p: Parser): Statement {
  p.advance();
  if (p.atSymbol('(')) optionList(p);
  else p.accept('verbose');
  return { kind: 'maintain', action: 'analyze', tables: maintained(p) };
}

/** table [(columns)], … or nothing for all. */
function maintained(p: Parser): ObjectPath[] {
  if (p.atEnd()) return [];
  return p.commaList(() => {
    const path = p.objectPath();
    if (p.atSymbol('(')) p.parenthesised(() => p.identifier());
    return path;
  });
}

function parseReindex(p: Parser): Statement {
  p.expect('reindex');
  if (p.atSymbol('(')) optionList(p);
  const target = p.acceptAny('table', 'index', 'schema', 'database', 'system');
  if (target === null) throw p.syntaxError();
  p.accept('concurrently');
  const path = p.objectPath();
  return { kind: 'maintain', action: 'reindex', tables: target === 'table' || target === 'index' ? [path] : [] };
}

function parseCheckpoint(p: Parser): Statement {
  p.expect('checkpoint');
  return { kind: 'maintain', action: 'checkpoint', tables: [] };
}
