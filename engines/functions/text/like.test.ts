import fc from 'fast-check';
import { like } from './like.js';

/** LIKE by its definition: every way to divide the text is tried. */
function byDefinition(text: readonly string[], pattern: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first === '%') return text.some((_, i) => byDefinition(text.slice(i), rest)) || byDefinition([], rest);
  return text.length > 0 && (first === '_' || first === text[0]) && byDefinition(text.slice(1), rest);
}

const some = (...characters: string[]) => fc.array(fc.constantFrom(...characters), { maxLength: 8 });

describe('LIKE', () => {
  it('matches what its definition matches', () => {
    fc.assert(
      fc.property(some('a', 'b', '😀'), some('a', 'b', '😀', '_', '%'), (text, pattern) => {
        expect(like(text.join(''), pattern.join(''))).toBe(byDefinition(text, pattern));
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not take a power of the length', () => {
    expect(like('a'.repeat(100_000), `%${'a%'.repeat(50)}b`)).toBe(false);
  });
});
