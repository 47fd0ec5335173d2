import { castFunction, castMethod } from './cast.js';
import { type Ask, differences, quote } from './differential.suite.js';
import { DEFAULT_TEXT_CONTEXT, textPrinter } from './text-form.js';
import type { SqlType } from './type.js';
import { printType, printTypeKind, TYPES } from './type-name.js';

export function castSuite(ask: Ask): void {
  describe('casts equal those of PostgreSQL', () => {
    const SAMPLES: ReadonlyArray<readonly [SqlType, readonly string[]]> = [
      [TYPES.boolean, ['t', 'f']],
      [TYPES.smallint, ['0', '-7', '32767']],
      [TYPES.integer, ['0', '65', '-40000', '2147483647']],
      [TYPES.bigint, ['0', '-1', '9223372036854775807', '40000']],
      [
        TYPES.numeric,
        ['0', '2.5', '-2.5', '3.5', '1e30', '12345.678', 'NaN', 'Infinity', '9223372036854775807.5', '32767.5'],
      ],
      [TYPES.real, ['0', '2.5', '-3.5', '1e10', '1e30', '0.1', 'NaN', '-Infinity', '123456.7']],
      [
        TYPES.double,
        [
          '0',
          '2.5',
          '-3.5',
          '1e10',
          '1e300',
          '0.1',
          'NaN',
          '-Infinity',
          '123456.789012345678',
          '9223372036854775807',
          '1e-50',
          '5e-324',
        ],
      ],
      [TYPES.text, ['', '12', ' 12 ', 'true', '2024-02-29', 'a  ', '1 day', '{"a":1}', '{1,2}', '12:34']],
      [{ kind: 'varchar', length: 10 }, ['12', 'a  ']],
      [{ kind: 'char', length: 5 }, ['12', 'a', 't']],
      [TYPES.date, ['2024-02-29', 'infinity', '-infinity', '0044-03-15 BC', '5874897-12-31']],
      [TYPES.time, ['12:34:56.789', '24:00:00']],
      [
        TYPES.timestamp,
        ['2024-02-29 12:34:56.789', '2024-03-10 02:30:00', 'infinity', '0044-03-15 12:00 BC', '1969-12-31 23:59:59.5'],
      ],
      [TYPES.timestamptz, ['2024-02-29 12:34:56.789+00', '2024-07-01 01:00+00', '-infinity']],
      [TYPES.interval, ['1 day 12:34:56', '-1 day', '1 mon', '-00:00:01']],
      [TYPES.uuid, ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
      [TYPES.json, ['{"b" : 1, "a":2}', '1.50', '"x"', 'null', 'true']],
      [TYPES.jsonb, ['{"b" : 1, "a":2}', '1.50', '"x"', 'null', 'true', '[1]', '99999', '-2.5']],
      [TYPES.bytea, ['\\x00ff']],
      [TYPES.oid, ['0', '4294967295']],
      [TYPES.name, ['abc', '12']],
    ];
    const context = { ...DEFAULT_TEXT_CONTEXT, timeZone: 'America/New_York' };

    it('by the same method', () => {
      const methods = { i: 'implicit', a: 'assignment', e: 'explicit' } as const;
      const types = SAMPLES.map(([type]) => type);
      const pairs = types
        .flatMap((from) => types.map((to) => [from, to] as const))
        .filter(([from, to]) => from.kind !== to.kind);
      const cases = pairs.map(([from, to]) => {
        const [a, b] = [printTypeKind(from), printTypeKind(to)];
        return {
          // What pg_cast does not list goes through text: to strings on assignment, from strings when written.
          query: `select coalesce(
          (select castcontext::text from pg_cast where castsource = '${a}'::regtype and casttarget = '${b}'::regtype),
          (select case when t.typcategory = 'S' then 'a' when f.typcategory = 'S' then 'e' end from pg_type f, pg_type t
            where f.oid = '${a}'::regtype and t.oid = '${b}'::regtype)) || ' ${a} ${b}'`,
          run: () => {
            const method = castMethod(from, to);
            const letter = Object.entries(methods).find(([, name]) => name === method)?.[0];
            return letter === undefined ? 'NULL' : `${letter} ${a} ${b}`;
          },
        };
      });
      expect(differences(ask, cases)).toEqual([]);
    });

    it.each(SAMPLES.map(([from, texts]) => [printType(from), from, texts] as const))(
      'from %s',
      (_name, from, texts) => {
        const cases = SAMPLES.flatMap(([to]) =>
          texts.map((text) => ({
            query: `select concat((${quote(text)}::${printType(from)})::${printType(to)})`,
            run: () => {
              const value = castFunction(TYPES.text, from, true, context)(text);
              const cast = castFunction(from, to, true, context)(value);
              return cast === null ? '' : textPrinter(to, context)(cast);
            },
          })),
        );
        expect(differences(ask, cases, { timezone: context.timeZone })).toEqual([]);
      },
    );
  });
}
