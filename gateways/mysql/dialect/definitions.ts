import type { ColumnConstraint, Option, Statement } from '#schemas/program/statement.js';
import { DEFINITION_STATEMENTS } from '../../sql/definition-statements.js';
import type { StatementParser } from '../../sql/dialect.js';
import type { Parser } from '../../sql/parser.js';
import { TOKEN } from '../../sql/scanner.js';
import { characterSet } from './types.js';

/** CREATE, ALTER and DROP: what MySQL calls a database is a schema here. */
export const MYSQL_DEFINITIONS: ReadonlyMap<string, StatementParser> = new Map<string, StatementParser>([
  ...DEFINITION_STATEMENTS,
  ['create', (p) => (atDatabase(p) ? createDatabase(p) : shared(p, 'create'))],
  ['drop', (p) => (atDatabase(p) ? dropDatabase(p) : p.peek(1).keyword === 'index' ? dropIndex(p) : shared(p, 'drop'))],
]);

function atDatabase(p: Parser): boolean {
  const { keyword } = p.peek(1);
  return keyword === 'database' || keyword === 'schema';
}

function shared(p: Parser, keyword: string): ReturnType<StatementParser> {
  const rule = DEFINITION_STATEMENTS.get(keyword);
  if (rule === undefined) throw p.syntaxError();
  return rule(p);
}

function createDatabase(p: Parser): Statement {
  p.advance();
  p.advance();
  const ifNotExists = p.accept('if', 'not', 'exists');
  const token = p.ordinal;
  const name = p.identifier();
  p.accept('default');
  characterSet(p);
  return { kind: 'create-schema', name, ifNotExists, owner: null, token };
}

/** With everything in it, as MySQL does. */
function dropDatabase(p: Parser): Statement {
  p.advance();
  p.advance();
  const ifExists = p.accept('if', 'exists');
  const token = p.ordinal;
  const path = [p.identifier()];
  return { kind: 'drop', object: 'schema', paths: [{ path, token }], ifExists, cascade: true };
}

/** DROP INDEX name ON table: names of indexes are unique in their schema here, so the table only says where. */
function dropIndex(p: Parser): Statement {
  p.advance();
  p.advance();
  const ifExists = p.accept('if', 'exists');
  const token = p.ordinal;
  const name = p.identifier();
  p.expect('on');
  const { path } = p.objectPath();
  const index = { path: [...path.slice(0, -1), name], token };
  return { kind: 'drop', object: 'index', paths: [index], ifExists, cascade: false };
}

/** AUTO_INCREMENT is an identity that takes given values, too. */
export function columnAttribute(p: Parser): ColumnConstraint | null {
  if (p.accept('auto_increment')) return { kind: 'identity', always: false, options: [] };
  if (p.at('on', 'update')) throw p.unsupported('ON UPDATE of a column');
  if (p.at('comment')) throw p.unsupported('COMMENT of a column');
  return null;
}

/** ENGINE names a way of storing that there is no choice of here; the character set must be ours. */
export function tableAttributes(p: Parser): readonly Option[] {
  for (;;) {
    p.acceptSymbol(',');
    if (p.accept('engine') || p.accept('row_format')) {
      p.acceptOperator('=');
      p.label();
    } else if (p.at('default') || p.atAny('charset', 'collate') || p.at('character', 'set')) {
      p.accept('default');
      const before = p.index;
      characterSet(p);
      if (p.index === before) throw p.syntaxError();
    } else if (p.atAny('auto_increment', 'comment') && p.peek(1).kind !== TOKEN.end)
      throw p.unsupported(`${p.token.text.toUpperCase()} of a table`);
    else return [];
  }
}
