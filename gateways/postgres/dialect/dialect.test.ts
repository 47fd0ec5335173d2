import { decodeProgram } from '#schemas/program/decode.js';
import { disassemble } from '#schemas/program/disassemble.js';
import { encodeProgram } from '#schemas/program/encode.js';
import type { Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { parseText } from '../../sql/parse-text.js';
import { ERRORS } from './corpus/errors.js';
import { EXPRESSIONS } from './corpus/expressions.js';
import { QUERIES } from './corpus/queries.js';
import { STATEMENTS } from './corpus/statements.js';
import { TREES } from './corpus/trees.js';
import { UNSUPPORTED } from './corpus/unsupported.js';
import { dialect } from './dialect.js';

function programsOf(text: string, lift: boolean): Statement[] {
  return parseText(text, dialect, lift).flatMap(({ statement, local }) => {
    if (statement !== null) return [statement];
    return local?.kind === 'prepare' ? [local.statement] : [];
  });
}

function refusal(text: string): SqlError {
  try {
    parseText(text, dialect, true);
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

describe('the PostgreSQL dialect', () => {
  const texts = [...EXPRESSIONS.map((expression) => `select ${expression}`), ...QUERIES, ...STATEMENTS];

  it.each(texts)('gets the tree back from the program of: %s', (text) => {
    for (const lift of [false, true]) {
      for (const statement of programsOf(text, lift)) {
        const program = encodeProgram(statement);
        expect(decodeProgram(program)).toEqual(statement);
        expect(disassemble(program).split('\n').length).toBeGreaterThan(2);
      }
    }
  });

  it.each(texts)('reads the same from upper case and odd spaces: %s', (text) => {
    // Only what holds no literal, quoted name or text that a program keeps as written.
    if (/['"$\\\u0080-\uffff]|--|default|check|generated|view|using/.test(text)) return;
    const shout = text.toUpperCase().replaceAll(' ', '\n\t /* x */ ');
    expect(programsOf(shout, false)).toEqual(programsOf(text, false));
  });

  it.each(ERRORS)('refuses as PostgreSQL does: %s', (text, message, position) => {
    const error = refusal(text);
    expect([error.message, error.details.position ?? 0]).toEqual([message, position]);
  });

  it.each(UNSUPPORTED)('says that it does not support: %s', (text) => {
    const error = refusal(text);
    expect(error.condition).toBe('feature_not_supported');
    expect(error.details.position).toBeGreaterThan(0);
  });

  it.each(TREES)('reads %s', (text, expected) => {
    const [statement] = programsOf(`select ${text}`, false);
    if (statement?.kind !== 'query' || statement.query.body.kind !== 'select') throw new Error('no query');
    const [item] = statement.query.body.items;
    expect(item?.kind === 'expression' && item.expression).toMatchObject(expected);
  });

  it('splits a text into statements', () => {
    const parsed = parseText(";;select ';' ; /* ; */ begin;commit", dialect, false);
    expect(parsed.map(({ tag, firstToken }) => [tag, firstToken])).toEqual([
      ['SELECT', 2],
      ['BEGIN', 5],
      ['COMMIT', 7],
    ]);
  });

  it('finds nothing in an empty text', () => {
    expect(parseText(' -- nothing\n ;', dialect, false)).toEqual([]);
  });

  it('refuses deep nesting instead of overflowing the stack', () => {
    for (const open of ['(', 'not ', '- ', 'array[', 'case when ', '(select ', 'f(', 'coalesce(', 'a in (', 'cast(']) {
      expect(refusal(`select ${open.repeat(20_000)}`).condition).toBe('statement_too_complex');
    }
    expect(() => encodeProgram(programsOf(`select ${'1 + '.repeat(5000)} 1`, false)[0] ?? { kind: 'nothing' })).toThrow(
      SqlError,
    );
  });

  it('keeps long chains of AND and OR flat', () => {
    const [statement] = programsOf(`select 1 where ${'a = 1 or '.repeat(5000)} b`, false);
    expect(statement && decodeProgram(encodeProgram(statement))).toEqual(statement);
  });
});
