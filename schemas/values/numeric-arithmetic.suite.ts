import fc from 'fast-check';
import { comparator } from './compare.js';
import { type Ask, differences, sample } from './differential.suite.js';
import { Numeric } from './numeric.js';
import * as exact from './numeric-arithmetic.js';
import { DEFAULT_TEXT_CONTEXT, textParser } from './text-form.js';
import { TYPES } from './type-name.js';

const NUMBERS = [
  '0',
  '1',
  '-1',
  '2',
  '3',
  '7',
  '10',
  '0.5',
  '-0.25',
  '9999',
  '10000',
  '10001',
  '99999999',
  '123456.789',
  '0.0001',
  '0.00009999',
  '-987654321.123456789',
  '1e20',
  '1e-20',
  '3.14159265358979323846',
  '0.00',
  '1.000',
  '12345678901234567890123456789012345678',
  '4.0000',
  '1e-9',
  'NaN',
  'Infinity',
  '-Infinity',
];
const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), fc.nat(24), fc.nat(20))
  .map(([digits, scale, cut]) => exact.printNumeric(new Numeric(digits / 10n ** BigInt(cut), scale)));

const read = (text: string): Numeric => textParser(TYPES.numeric, DEFAULT_TEXT_CONTEXT)(text) as Numeric;

export function numericArithmeticSuite(ask: Ask): void {
  describe('numeric arithmetic equals that of PostgreSQL', () => {
    const pairs: Array<readonly [string, string]> = [
      ...NUMBERS.flatMap((a) => NUMBERS.map((b) => [a, b] as const)),
      ...sample(fc.tuple(decimal, decimal), 400),
    ];

    it.each([
      ['+', exact.add],
      ['-', exact.subtract],
      ['*', exact.multiply],
      ['/', exact.divide],
      ['%', exact.modulo],
    ] as const)('of %s', (operator, run) => {
      const cases = pairs.map(([a, b]) => ({
        query: `select '${a}'::numeric ${operator} '${b}'::numeric`,
        run: () => exact.printNumeric(run(read(a), read(b))),
      }));
      expect(differences(ask, cases)).toEqual([]);
    });

    it('of div() and of comparison', () => {
      const cases = pairs.flatMap(([a, b]) => [
        {
          query: `select div('${a}'::numeric, '${b}'::numeric)`,
          run: () => exact.printNumeric(exact.divideInteger(read(a), read(b))),
        },
        {
          query: `select numeric_cmp('${a}'::numeric, '${b}'::numeric)`,
          run: () => String(Math.sign(comparator(TYPES.numeric)(read(a), read(b)))),
        },
      ]);
      expect(differences(ask, cases)).toEqual([]);
    });

    it('of rounding and roots', () => {
      const values = [...NUMBERS, '2.5', '-2.5', '0.05', '-0.05', '0.5', '1234.5678', '5e15', ...sample(decimal, 200)];
      const cases = values.flatMap((a) => [
        ...[-30, -3, 0, 2, 20].flatMap((scale) => [
          {
            query: `select round('${a}'::numeric, ${scale})`,
            run: () => exact.printNumeric(exact.round(read(a), scale)),
          },
          {
            query: `select trunc('${a}'::numeric, ${scale})`,
            run: () => exact.printNumeric(exact.truncate(read(a), scale)),
          },
        ]),
        { query: `select ceil('${a}'::numeric)`, run: () => exact.printNumeric(exact.ceiling(read(a))) },
        { query: `select floor('${a}'::numeric)`, run: () => exact.printNumeric(exact.floor(read(a))) },
        { query: `select trim_scale('${a}'::numeric)`, run: () => exact.printNumeric(exact.trimScale(read(a))) },
        { query: `select sqrt('${a}'::numeric)`, run: () => exact.printNumeric(exact.squareRoot(read(a))) },
      ]);
      expect(differences(ask, cases)).toEqual([]);
    });

    it('of exponentials and logarithms', () => {
      const values = [
        ...NUMBERS,
        '0.9',
        '1.1',
        '1.05',
        '0.95',
        '1.0000001',
        '-5',
        '100',
        '-100',
        '500.5',
        '5000',
        '-3000',
        '7000',
        ...sample(decimal, 100),
      ];
      const cases = values.flatMap((a) => [
        { query: `select exp('${a}'::numeric)`, run: () => exact.printNumeric(exact.exponential(read(a))) },
        { query: `select ln('${a}'::numeric)`, run: () => exact.printNumeric(exact.naturalLogarithm(read(a))) },
        ...['10', '2', '0.5', '1', '1.001'].map((base) => ({
          query: `select log('${base}'::numeric, '${a}'::numeric)`,
          run: () => exact.printNumeric(exact.logarithm(read(base), read(a))),
        })),
      ]);
      expect(differences(ask, cases)).toEqual([]);
    });

    it('of powers', () => {
      const bases = [
        ...NUMBERS.filter((n) => n !== '12345678901234567890123456789012345678'),
        '1.5',
        '-2',
        '0.1',
        '1.0000000001',
      ];
      const exponents = [
        '0',
        '1',
        '2',
        '-1',
        '3',
        '10',
        '-3',
        '0.5',
        '-0.5',
        '1.5',
        '2.0',
        '0.333333',
        '100',
        '-20',
        'NaN',
        'Infinity',
        '-Infinity',
        '6001',
        '-70001',
        '9223372036854775807',
        '1e20',
      ];
      const cases = bases.flatMap((a) =>
        exponents.map((b) => ({
          query: `select power('${a}'::numeric, '${b}'::numeric)`,
          run: () => exact.printNumeric(exact.power(read(a), read(b))),
        })),
      );
      expect(differences(ask, cases)).toEqual([]);
    });
  });
}
