/** Whatever text a client sends: the parser gives statements or throws a SqlError, and comes to an end soon. */
import fc from 'fast-check';
import { encodeProgram } from '#schemas/program/encode.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { parseText } from '../../sql/parse-text.js';
import { ERRORS } from './corpus/errors.js';
import { EXPRESSIONS } from './corpus/expressions.js';
import { QUERIES } from './corpus/queries.js';
import { STATEMENTS } from './corpus/statements.js';
import { UNSUPPORTED } from './corpus/unsupported.js';
import { dialect } from './dialect.js';

const TEXTS = [
  ...EXPRESSIONS.map((expression) => `select ${expression}`),
  ...QUERIES,
  ...STATEMENTS,
  ...UNSUPPORTED,
  ...ERRORS.map(([text]) => text),
];
const WORDS = [...new Set(TEXTS.flatMap((text) => text.split(/(\s+|[(),;.'"])/)))].filter((word) => word !== '');
/** Far above what any text of these sizes takes, on a busy machine too. */
const TEXT_MS_MAX = 5_000;

/** Fails where anything else than a SqlError comes out, or where it takes too long. */
function tryText(text: string): void {
  const began = performance.now();
  for (const lift of [false, true]) {
    try {
      for (const { statement } of parseText(text, dialect, lift)) if (statement !== null) encodeProgram(statement);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
    }
  }
  expect(performance.now() - began).toBeLessThan(TEXT_MS_MAX);
}

const known = fc.constantFrom(...TEXTS);
const word = fc.constantFrom(...WORDS);

describe('the parser', () => {
  it('bears texts of any characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 100 }), tryText), { numRuns: 1_500 });
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'\'"$\\/*-;(),.:e0xU& aN1_[]<>=|') }), tryText), {
      numRuns: 1_500,
    });
  });

  it('bears the words of statements in any order', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (words) => tryText(words.join(' '))),
      { numRuns: 2_000 },
    );
  });

  it('bears statements with parts cut out, doubled, or taken from others', () => {
    fc.assert(
      fc.property(known, known, fc.nat(), fc.nat(), fc.nat(), word, (one, other, a, b, c, between) => {
        const [from, to, at] = [a % (one.length + 1), b % (one.length + 1), c % (other.length + 1)];
        tryText(one.slice(0, from) + one.slice(to));
        tryText(`${one.slice(0, from)} ${between} ${one.slice(from)}`);
        tryText(one.slice(0, from) + other.slice(at));
      }),
      { numRuns: 1_500 },
    );
  });

  it.each([
    ['parentheses', '(', '1', ')'],
    ['signs', '- ', '1', ''],
    ['NOT', 'not ', 'true', ''],
    ['CASE', 'case when true then ', '1', ' end'],
    ['subqueries', '(select ', '1', ')'],
    ['arrays', 'array[', '1', ']'],
    ['casts', 'cast(', '1', ' as int)'],
    ['calls', 'abs(', '1', ')'],
    ['derived tables', '(select * from ', '(select 1) a', ') a'],
    ['comments', '/*', '', '*/'],
    ['subscripts', '', 'a', '[1]'],
    ['operators', '1 + ', '1', ''],
    ['conjunctions', 'true and ', 'true', ''],
    ['unions', 'select 1 union ', 'select 1', ''],
    ['typecasts', '', '1', '::int'],
    ['joins', '', '(select 1) a', ' join b on true'],
  ])('bears %s in any depth', (_name, open, inner, close) => {
    for (const depth of [10, 1_000, 30_000]) {
      const nested = open.repeat(depth) + inner + close.repeat(depth);
      for (const text of [`select ${nested}`, nested, `select * from ${nested}`, `select ${open.repeat(depth)}`])
        tryText(text);
    }
  });
});
