import fc from 'fast-check';
import { type Ask, differences, inputs, sample } from './differential.suite.js';
import { DEFAULT_TEXT_CONTEXT } from './text-form.js';
import type { SqlType } from './type.js';
import { TYPES } from './type-name.js';

export function textFormSuite(ask: Ask): void {
  describe('text forms equal those of PostgreSQL', () => {
    it('of booleans and integers', () => {
      const words = ['t', 'TRUE', ' yes ', 'on', '1', 'f', 'no', 'of', 'OFF', '0', 'o', '', 'tru', 'yess', '2', 'y e'];
      const integers = [
        '0',
        '-0',
        '+7',
        ' 12 ',
        '32767',
        '32768',
        '-32768',
        '-32769',
        '2147483647',
        '2147483648',
        '-2147483648',
        '-2147483649',
        '9223372036854775807',
        '9223372036854775808',
        '-9223372036854775808',
        '1.5',
        '',
        ' ',
        'x',
        '1e3',
        '0x10',
        '1_000',
        '99999999999999999999999',
        '٣',
        '\u00a05',
      ];
      expect([
        ...differences(ask, inputs(TYPES.boolean, words)),
        ...differences(
          ask,
          [TYPES.smallint, TYPES.integer, TYPES.bigint, TYPES.oid].flatMap((type) => inputs(type, integers)),
        ),
      ]).toEqual([]);
    });

    it('of numerics', () => {
      const texts = [
        '0',
        '-0',
        '-0.00',
        '1',
        '1.',
        '.5',
        '-.5',
        '+1.50',
        '1e3',
        '1.5e3',
        '1.55e1',
        '1e-3',
        '1E+2',
        '0e5',
        '0.0e-3',
        '1e131071',
        '1e131072',
        '1e200000',
        '1e-16383',
        '1e-16384',
        '1e-20000',
        'NaN',
        'nan',
        ' NaN ',
        '-NaN',
        'inf',
        '-inf',
        '+Infinity',
        'infinity',
        '-INFINITY',
        '',
        ' ',
        '.',
        'e5',
        '1e',
        '1e+',
        '--1',
        '1 2',
        '0x1',
        '12345678901234567890.123456789012345678901234567890',
        '1e1000000000',
        '1e99999999999',
        '000.000100',
        'infin',
        '1.2.3',
      ];
      const fitted: SqlType[] = [
        [3, 0],
        [5, 2],
        [5, -2],
        [2, 4],
        [2, 2],
        [1_000, 3],
      ].map(([precision, scale]) => ({ kind: 'numeric', precision: precision as number, scale: scale as number }));
      const fits = [
        '0',
        '999.995',
        '-999.994',
        '999.99',
        '1000',
        '99.5',
        '0.0099',
        '0.00994',
        '0.00995',
        '0.994',
        '0.995',
        '12345',
        '9999949',
        '9999950',
        '-50',
        '49.9',
        'NaN',
        'inf',
        '-inf',
        '1e10',
      ];
      expect([
        ...differences(ask, inputs(TYPES.numeric, texts)),
        ...differences(
          ask,
          fitted.flatMap((type) => inputs(type, fits)),
        ),
      ]).toEqual([]);
    });

    it('of floats', () => {
      const texts = [
        '0',
        '-0',
        '1',
        '1.5',
        '.5',
        '1.',
        '1e',
        '1e15',
        '1e14',
        '123456789012345',
        '1234567890123456',
        '12345678901234567',
        '1e20',
        '1e-4',
        '1e-5',
        '0.00012345',
        '0.000012345',
        '1e6',
        '1e5',
        '123456',
        '1234567',
        '12345678',
        '0.1',
        '0.3333333333333333',
        '1e308',
        '1.7976931348623157e308',
        '1e309',
        '5e-324',
        '1e-400',
        '1e38',
        '3.4028235e38',
        '3.5e38',
        '1e-45',
        '1.4e-45',
        '1e-46',
        '16777217',
        'NaN',
        '-nan',
        'Infinity',
        '-infinity',
        '+inf',
        'inf',
        '',
        ' ',
        ' 1 ',
        'x',
        '1x',
        '0x1p3',
        '0x10',
        '1e+5',
        '--1',
        '1_0',
        '999999.9',
        '9999999',
        '99999.99',
      ];
      const doubles = sample(fc.double({ noNaN: true, noDefaultInfinity: true }), 300).map(String);
      const reals = sample(fc.float({ noNaN: true, noDefaultInfinity: true }), 300).map(String);
      const cases = [...inputs(TYPES.double, [...texts, ...doubles]), ...inputs(TYPES.real, [...texts, ...reals])];
      expect(differences(ask, cases)).toEqual([]);
      for (const digits of [0, -5]) {
        const context = { ...DEFAULT_TEXT_CONTEXT, extraFloatDigits: digits };
        const shortened = [
          ...inputs(TYPES.double, [...texts, ...doubles], context),
          ...inputs(TYPES.real, [...texts, ...reals], context),
        ];
        expect(differences(ask, shortened, { extra_float_digits: String(digits) })).toEqual([]);
      }
    });

    it('of strings, bytes and uuids', () => {
      const strings = ['', 'abc', 'abc  ', 'abcdef', 'abcde   ', 'ä€😀xy', ' x'];
      const kinds: SqlType[] = [
        { kind: 'varchar', length: 3 },
        { kind: 'varchar', length: 5 },
        { kind: 'char', length: 1 },
        { kind: 'char', length: 5 },
        TYPES.name,
      ];
      const bytes = [
        '\\x',
        '\\xDEAD beef',
        '\\xabc',
        '\\xzz',
        'abc',
        'a\\\\b',
        '\\000\\377',
        '\\400',
        '\\1',
        'ä',
        '\\x1 2',
        '\\',
      ];
      const uuids = [
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
        'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
        '{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}',
        'a0eebc999c0b4ef8bb6d6bb9bd380a11',
        'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1',
        '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
        'a0eebc999-c0b-4ef8-bb6d-6bb9bd380a11',
        '',
        ' a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 ',
        'g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      ];
      expect(
        differences(ask, [
          ...kinds.flatMap((type) => inputs(type, strings)),
          ...inputs(TYPES.bytea, bytes),
          ...inputs(TYPES.uuid, uuids),
        ]),
      ).toEqual([]);
    });

    it('of JSON', () => {
      const texts = [
        '1',
        '1.50',
        '-0',
        '-0.0',
        '1e3',
        '1E-2',
        '1.5e+3',
        '"a\\u00e9\\n\\/\\u001f\\t"',
        '"\\ud83d\\ude00"',
        '"\\ud83d"',
        '"\\u0000"',
        '"\u007f"',
        'null',
        ' true ',
        'false',
        '[]',
        '{}',
        '[1, "2",null , {"a":[]}]',
        '{"bb":1,"a":2,"c":{"z":1,"y":[1,2]},"a":3}',
        '{"ä":1,"zz":2,"é":3}',
        '',
        ' ',
        'nul',
        '{',
        '[1,]',
        '{"a"}',
        '{"a":1,}',
        '01',
        '1.',
        '.5',
        '+1',
        '"a',
        "'a'",
        '1 2',
        '[1',
        'tru',
        'NaN',
        '"\\x"',
        '"\t"',
        '{a:1}',
        '1e400',
        '123456789012345678901234567890.10',
        '"\\"\\\\"',
        '[1 2]',
        '{"a":1 "b":2}',
        '-',
        '"\\u12"',
      ];
      expect([...differences(ask, inputs(TYPES.json, texts)), ...differences(ask, inputs(TYPES.jsonb, texts))]).toEqual(
        [],
      );
    });

    it('of arrays', () => {
      const integers = [
        '{}',
        '{1,2,3}',
        '{ 1 , 2 }',
        '{1,NULL,null}',
        '{{1,2},{3,4}}',
        '{{1,2},{3}}',
        '{1,{2}}',
        '{',
        '{1',
        '1',
        '',
        '{1,}',
        '{,1}',
        '{1}}',
        '{{}}',
        '{{},{}}',
        '{"1"}',
        '{x}',
        '[1:2]={1,2}',
        '[1:3]={1,2}',
        '{1}x',
        '{1 2}',
        '{{1},2}',
      ];
      const texts = [
        '{a,b}',
        '{"a b","c,d",e\\ f}',
        '{"",NULL,"NULL"," x "}',
        '{ a b , c }',
        '{"a\\"b","\\\\"}',
        '{ä,"😀"}',
        '{"{}",x}',
        '{a"b"}',
        '{""a}',
        "{a,'b'}",
      ];
      expect(
        differences(ask, [
          ...inputs({ kind: 'array', element: TYPES.integer }, integers),
          ...inputs({ kind: 'array', element: TYPES.text }, texts),
        ]),
      ).toEqual([]);
    });
  });
}
