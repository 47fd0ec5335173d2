import fc from 'fast-check';
import { comparator } from './compare.js';
import { type Ask, differences, quote, sample } from './differential.suite.js';
import { keyEncoder } from './key.js';
import { DEFAULT_TEXT_CONTEXT, textParser } from './text-form.js';
import type { SqlType } from './type.js';
import { arrayOf, printType, TYPES } from './type-name.js';

const JSON_TEXTS = [
  'null',
  'true',
  'false',
  '0',
  '1.0',
  '1',
  '-2',
  '1e3',
  '""',
  '"a"',
  '"aa"',
  '"b"',
  '"ä"',
  '"z"',
  '"￿"',
  '"😀"',
  '[]',
  '[1]',
  '[2]',
  '[1,1]',
  '[null]',
  '[[]]',
  '[{}]',
  '{}',
  '{"a":1}',
  '{"a":2}',
  '{"b":1}',
  '{"aa":1}',
  '{"a":1,"b":2}',
  '{"a":[]}',
  '{"a":null}',
  '{"b":0,"c":1}',
];

const VALUES: ReadonlyArray<readonly [SqlType, readonly string[]]> = [
  [TYPES.jsonb, JSON_TEXTS],
  [TYPES.text, ['', 'a', 'A', 'b', 'ab', 'a b', 'a ', 'ä', 'z', '￿', '😀', '\u{10000}', '~', '_']],
  [{ kind: 'char', length: 4 }, ['', 'a', 'a ', 'ab', 'b', 'ä', ' a', 'a\t', 'a!']],
  [TYPES.bytea, ['\\x', '\\x00', '\\x0000', '\\x01', '\\xff', '\\x00ff', '\\x61']],
  [
    TYPES.interval,
    [
      '1 mon',
      '30 days',
      '29 days 24:00',
      '720:00:00',
      '1 year',
      '365 days',
      '360 days',
      '-1 mon',
      '-30 days',
      '0',
      '1 mon -1 day',
      '1 us',
      '178956970 years',
      '-178956970 years',
    ],
  ],
  [TYPES.double, ['NaN', 'Infinity', '-Infinity', '0', '-0', '1e308', '5e-324', '-5e-324', '1']],
  [TYPES.boolean, ['t', 'f']],
  [
    TYPES.uuid,
    [
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
      '0a000000-0000-0000-0000-000000000000',
    ],
  ],
  [TYPES.timestamp, ['infinity', '-infinity', '2024-01-01', '0044-03-15 BC', '294246-12-31']],
  [TYPES.date, ['infinity', '-infinity', '2024-01-01', '0044-03-15 BC', '5874897-12-31']],
  [arrayOf(TYPES.integer), ['{}', '{1}', '{NULL}', '{1,NULL}', '{1,2}', '{2}', '{1,1,1}', '{{1,2}}', '{{1},{2}}']],
];

const sign = (order: number): string => String(Math.sign(order) + 0);

/** Order and keys against the server's own order. */
export function compareSuite(ask: Ask): void {
  describe('order equals that of PostgreSQL', () => {
    it.each(VALUES.map(([type, texts]) => [printType(type), type, texts] as const))('of %s', (name, type, texts) => {
      const parse = textParser(type, DEFAULT_TEXT_CONTEXT);
      const compare = comparator(type);
      const encode = keyEncoder([{ type }]);
      const pairs = texts.flatMap((a) => texts.map((b) => [a, b] as const));
      const cases = pairs.flatMap(([a, b]) => {
        const [x, y] = [`${quote(a)}::${name}`, `${quote(b)}::${name}`];
        const query = `select case when ${x} < ${y} then -1 when ${x} > ${y} then 1 else 0 end`;
        const [keyA, keyB] = [encode([parse(a)]), encode([parse(b)])];
        return [
          { query, run: () => sign(compare(parse(a), parse(b))) },
          { query: `${query} /* by key */`, run: () => sign(keyA < keyB ? -1 : keyA > keyB ? 1 : 0) },
        ];
      });
      expect(differences(ask, cases)).toEqual([]);
    });

    it('of sampled JSON', () => {
      const values = sample(fc.tuple(fc.json({ maxDepth: 2 }), fc.json({ maxDepth: 2 })), 300).filter(
        (pair) => !pair.join().includes('\\u'),
      );
      const parse = textParser(TYPES.jsonb, DEFAULT_TEXT_CONTEXT);
      const cases = values.map(([a, b]) => ({
        query: `select jsonb_cmp(${quote(a)}, ${quote(b)})`,
        run: () => sign(comparator(TYPES.jsonb)(parse(a), parse(b))),
      }));
      expect(differences(ask, cases)).toEqual([]);
    });
  });
}
