import { posixRegex } from './posix-regex.js';

describe('regular expressions', () => {
  it('take the longest match, and the first of its divisions', () => {
    expect(posixRegex('foo|foobar', '').exec('xfoobar')).toEqual({ index: 1, groups: ['foobar'] });
    expect(posixRegex('(a|ab)(c|bcd)?', '').exec('abcd')?.groups).toEqual(['abcd', 'a', 'bcd']);
    expect(posixRegex('(x)?b', '').exec('b')?.groups).toEqual(['b', null]);
  });

  it('answer at once where backtracking would not', () => {
    expect(posixRegex('^(a+)+$', '').test(`${'a'.repeat(100_000)}!`)).toBe(false);
    expect(posixRegex('(x*)*y', 'i').all('x'.repeat(5_000))).toEqual([]);
  });

  it('give up a match with back references that takes too long', () => {
    expect(posixRegex('^(a)\\1(?=b)', '').test('aab')).toBe(true);
    expect(() => posixRegex('^((a+)+)\\1!$', '').test('a'.repeat(60))).toThrow('too complex');
    expect(posixRegex('^((a+)+)\\1!$', '').test('aa!')).toBe(true);
  });

  it('find every match, also those of nothing', () => {
    expect(posixRegex('a*', '').all('baac')).toEqual([
      { index: 0, groups: [''] },
      { index: 1, groups: ['aa'] },
      { index: 3, groups: [''] },
      { index: 4, groups: [''] },
    ]);
  });

  it('refuse what is malformed', () => {
    for (const pattern of ['(', 'a)', '[a', '*', 'a{2,1}', 'a{999}', '(?P<n>a)', '[[:nope:]]', 'a\\']) {
      expect(() => posixRegex(pattern, '')).toThrow('invalid regular expression');
    }
  });
});
