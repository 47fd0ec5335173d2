import fc from 'fast-check';
import { dialect } from '../postgres/dialect/dialect.js';
import { characterPosition, tokenize } from './lexer.js';
import { TOKEN } from './scanner.js';

const { lexicon } = dialect;
const kinds = (text: string): Array<[number, string]> =>
  tokenize(text, lexicon).tokens.map(({ kind, text: value }) => [kind, value]);

/** Fragments that are one token each and do not grow into their neighbour across a space. */
const fragment = fc.oneof(
  fc.stringMatching(/^[a-z_][a-z0-9_$]{0,8}$/),
  fc.stringMatching(/^[0-9]{1,20}$/),
  fc.stringMatching(/^[0-9]{1,5}\.[0-9]{0,5}$/),
  fc.string().map((s) => `'${s.replaceAll("'", "''")}'`),
  fc.string({ minLength: 1 }).map((s) => `"${s.replaceAll('"', '""')}"`),
  fc.constantFrom('(', ')', ',', ';', '.', '::', '[', ']', '+', '-', '<=', '<>', '||', '->>', '$1', '$$x$$', "E'\\n'"),
);

describe('the lexer', () => {
  it('covers a text with tokens that do not overlap', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const { tokens } = tokenize(text, lexicon);
        let end = 0;
        for (const token of tokens) {
          expect(token.start).toBeGreaterThanOrEqual(end);
          expect(token.end).toBeGreaterThanOrEqual(token.start);
          end = token.end;
        }
        expect(end).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  it('refuses a comment without end where it begins', () => {
    const { tokens, error } = tokenize('a #/*', lexicon);
    expect(tokens.map(({ start, end }) => [start, end])).toEqual([
      [0, 1],
      [2, 3],
      [3, 5],
    ]);
    expect(error?.message).toBe('unterminated /* comment at or near "/*"');
  });

  it('finds the same tokens whatever white space stands between', () => {
    // A line break would join neighbouring strings.
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 12 }), (fragments) => {
        expect(kinds(fragments.join(' '))).toEqual(kinds(fragments.join(' \t /* x /* y */ */ ')));
      }),
    );
  });

  it('gives strings and quoted names back as they were before quoting', () => {
    fc.assert(
      fc.property(fc.string(), (s) => {
        expect(kinds(`'${s.replaceAll("'", "''")}'`)).toEqual([
          [TOKEN.string, s],
          [TOKEN.end, ''],
        ]);
      }),
    );
  });

  it.each([
    ['a<-1', ['a', '<', '-', '1']],
    ['a@-1', ['a', '@-', '1']],
    ['a*-- x\n1', ['a', '*', '1']],
    ['a+/* x */1', ['a', '+', '1']],
    ['1..2', ['1', '..', '2']],
    ['a=>b', ['a', '=>', 'b']],
    ['a>=b', ['a', '>=', 'b']],
    ['a!=-1', ['a', '!=-', '1']],
    ['x.5', ['x', '.5']],
    ['Ä_B$1', ['Ä_b$1']],
  ])('splits %s', (text, expected) => {
    expect(kinds(text).map(([, value]) => value)).toEqual([...expected, '']);
  });

  it('cuts names at 63 bytes', () => {
    expect(kinds('a'.repeat(70))[0]?.[1]).toHaveLength(63);
    expect(kinds(`"${'ä'.repeat(40)}"`)[0]?.[1]).toBe('ä'.repeat(31));
  });

  it('counts positions in characters', () => {
    expect(characterPosition("select '😀', x", 3, lexicon)).toBe(13);
    expect(characterPosition('select', 5, lexicon)).toBe(7);
    expect(characterPosition('select', -1, lexicon)).toBe(0);
  });
});
