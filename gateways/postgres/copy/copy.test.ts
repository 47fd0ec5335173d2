import fc from 'fast-check';
import type { ResultColumn } from '#schemas/link/frames.js';
import { DEFAULT_TEXT_CONTEXT } from '#schemas/values/text-form.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Row, Value } from '#schemas/values/value.js';
import { MessageWriter } from '../encode.js';
import { type CopyOptions, copyOptions } from './copy-options.js';
import { copyWriter } from './copy-out.js';
import { openDecoder } from './open-decoder.js';

const COLUMNS: readonly ResultColumn[] = [
  ['id', TYPES.integer, 1, 1],
  ['t', TYPES.text, 1, 2],
  ['b', TYPES.bytea, 1, 3],
];

const option = (name: string, value: string | boolean) => ({ name, value, token: 0 });

/** All bytes of COPY TO. */
function write(options: CopyOptions, columns: readonly ResultColumn[], rows: readonly Row[]): Buffer {
  const out = new MessageWriter();
  const writer = copyWriter(out, options, columns, DEFAULT_TEXT_CONTEXT);
  for (const row of rows) writer.write(out, row);
  writer.end(out);
  const parts: Buffer[] = [];
  for (let at = 0; at < out.position; ) {
    const end = at + 1 + out.buffer.readInt32BE(at + 1);
    if (out.buffer[at] === 0x64) parts.push(out.buffer.subarray(at + 5, end));
    at = end;
  }
  return Buffer.concat(parts);
}

function read(
  options: CopyOptions,
  columns: readonly ResultColumn[],
  data: Buffer,
  cuts: readonly number[] = [],
): Row[] {
  const rows: Row[] = [];
  const decoder = openDecoder(options, columns, DEFAULT_TEXT_CONTEXT, 't');
  let at = 0;
  for (const cut of [...cuts.map((c) => c % (data.length + 1)).sort((a, b) => a - b), data.length]) {
    decoder.push(data.subarray(at, cut), rows);
    at = cut;
  }
  decoder.end(rows);
  return rows;
}

const text = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(...'\\\n\r\t",\'|;.xN', 'ä', '☃', '🎉', '\b', '\v', '\f'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    maxLength: 12,
  })
  .filter((t) => !t.includes('\0'));
const row = fc.tuple(fc.option(fc.integer()), fc.option(text), fc.option(fc.uint8Array({ maxLength: 8 })));
const options = fc.oneof(
  fc.constant([]),
  fc.constant([option('format', 'binary')]),
  fc
    .tuple(fc.constantFrom('\t', '|', ';', ','), fc.constantFrom('\\N', 'NULL', '', 'nil'), fc.boolean())
    .map(([d, n, h]) => [option('delimiter', d), option('null', n), option('header', h)]),
  fc
    .tuple(
      fc.constantFrom(',', ';', '\t'),
      fc.constantFrom('', 'NULL', '\\N'),
      fc.boolean(),
      fc.constantFrom('"', "'"),
      fc.constantFrom('"', "'", '\\'),
      fc.boolean(),
    )
    .map(([d, n, h, q, e, f]) => [
      option('format', 'csv'),
      option('delimiter', d),
      option('null', n),
      option('header', h),
      option('quote', q),
      option('escape', e),
      ...(f ? [option('force_quote', '*')] : []),
    ]),
);

const plain = (rows: readonly Row[]): Value[][] =>
  rows.map((r) => r.map((v) => (v instanceof Uint8Array ? Buffer.from(v).toString('hex') : v)));

describe('COPY data', () => {
  it('is read as it was written, however it is cut', () => {
    fc.assert(
      fc.property(
        options,
        fc.array(row, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        (given, rows, cuts) => {
          // In text format a null text that a value may equal loses the difference, as in PostgreSQL; the escapes keep "\N" apart.
          const nullText = given.find((o) => o.name === 'null')?.value;
          const isText = !given.some((o) => o.name === 'format');
          fc.pre(!isText || nullText === undefined || nullText === '\\N' || rows.every((r) => r[1] !== nullText));
          const data = write(copyOptions(given, 'out'), COLUMNS, rows);
          const back = read(
            copyOptions(
              given.filter((o) => o.name !== 'force_quote'),
              'in',
            ),
            COLUMNS,
            data,
            cuts,
          );
          expect(plain(back)).toEqual(plain(rows));
        },
      ),
      { numRuns: 1000 },
    );
  });

  const TEXTS: readonly ResultColumn[] = [
    ['a', TYPES.text, 0, 0],
    ['b', TYPES.text, 0, 0],
  ];
  const textOptions = copyOptions([], 'in');
  const csv = copyOptions([option('format', 'csv')], 'in');

  it.each([
    ['a\tb\n', [['a', 'b']]],
    ['a\tb', [['a', 'b']]],
    [
      'a\tb\r\nc\td\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a\tb\rc\td\r',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['a\\tx\t\\N\n', [['a\tx', null]]],
    ['\\\\N\t\\x41\\102\\303\\244\n', [['\\N', 'ABä']]],
    ['a\\\nb\tc\n', [['a\nb', 'c']]],
    ['a\tb\n\\.\nignored', [['a', 'b']]],
    ['\t\n', [['', '']]],
  ])('in text: %j', (data, rows) => {
    expect(read(textOptions, TEXTS, Buffer.from(data))).toEqual(rows);
    for (let cut = 0; cut < data.length; cut++)
      expect(read(textOptions, TEXTS, Buffer.from(data), [cut])).toEqual(rows);
  });

  it.each([
    ['a,b\n', [['a', 'b']]],
    ['a,\n', [['a', null]]],
    ['"",""\r\n', [['', '']]],
    ['"a ""x"" \n,",b\n', [['a "x" \n,', 'b']]],
    ['x"y,z"w,b\n', [['xy,zw', 'b']]],
    ['a,b\n\\.\nignored', [['a', 'b']]],
  ])('in csv: %j', (data, rows) => {
    expect(read(csv, TEXTS, Buffer.from(data))).toEqual(rows);
    for (let cut = 0; cut < data.length; cut++) expect(read(csv, TEXTS, Buffer.from(data), [cut])).toEqual(rows);
  });

  it('treats nulls in csv as it is told', () => {
    const of = (...more: ReturnType<typeof option>[]) =>
      copyOptions([option('format', 'csv'), option('null', 'N'), ...more], 'in');
    expect(read(of(), TEXTS, Buffer.from('N,"N"\n'))).toEqual([[null, 'N']]);
    expect(read(of(option('force_not_null', 'a')), TEXTS, Buffer.from('N,N\n'))).toEqual([['N', null]]);
    expect(read(of(option('force_null', 'b')), TEXTS, Buffer.from('"N","N"\n'))).toEqual([['N', null]]);
    expect(
      read(copyOptions([option('format', 'csv'), option('header', 'match')], 'in'), TEXTS, Buffer.from('a,b\n1,2\n')),
    ).toEqual([['1', '2']]);
  });

  it.each([
    ['a\n', '22P04', 'missing data for column "b"'],
    ['a\tb\tc\n', '22P04', 'extra data after last expected column'],
    ['a\t\u0000\n', '22021', 'invalid byte sequence'],
  ])('that is malformed is refused: %j', (data, _code, text) => {
    expect(() => read(textOptions, TEXTS, Buffer.from(data))).toThrow(text);
  });

  it('in csv with an open quote, and bytes that are no text, are refused', () => {
    expect(() => read(csv, TEXTS, Buffer.from('a,"b\n'))).toThrow('unterminated CSV quoted field');
    expect(() => read(textOptions, TEXTS, Buffer.from([0x61, 0x09, 0xff, 0x0a]))).toThrow('invalid byte sequence');
    expect(() => read(textOptions, TEXTS, Buffer.from([0x61, 0x09, 0x62, 0x0a, 0xc3]))).toThrow(
      'invalid byte sequence',
    );
    expect(() =>
      read(copyOptions([option('format', 'binary')], 'in'), TEXTS, Buffer.from('nonsense nonsense nonsense')),
    ).toThrow('signature');
  });

  it('any bytes are read or refused, in any format', () => {
    const formats = ['text', 'csv', 'binary'].map((f) => copyOptions([option('format', f)], 'in'));
    fc.assert(
      fc.property(
        fc.constantFrom(...formats),
        fc.uint8Array({ maxLength: 100 }),
        fc.boolean(),
        fc.array(fc.nat()),
        (format, noise, headed, cuts) => {
          const data =
            headed && format.format === 'binary'
              ? Buffer.concat([write(format, COLUMNS, []).subarray(0, 19), noise])
              : Buffer.from(noise);
          try {
            read(format, COLUMNS, data, cuts);
          } catch (error) {
            expect((error as Error).name).toBe('SqlError');
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('COPY options', () => {
  it.each([
    [[option('delimiter', 'ab')], 'single one-byte character'],
    [[option('delimiter', 'x')], 'delimiter cannot be "x"'],
    [[option('quote', '"')], 'quote available only in CSV mode'],
    [[option('format', 'binary'), option('delimiter', ',')], 'cannot specify DELIMITER in BINARY mode'],
    [[option('format', 'csv'), option('quote', ',')], 'delimiter and quote must be different'],
    [[option('format', 'csv'), option('force_quote', 'a')], 'only available using COPY TO'],
    [[option('encoding', 'EUC_JP')], 'not supported'],
    [[option('format', 'xml')], 'not recognized'],
  ])('%j are refused', (given, message) => {
    expect(() => copyOptions(given, 'in')).toThrow(message);
  });
});
