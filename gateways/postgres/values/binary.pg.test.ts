import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { oidOf, sizeOf, typmodOf } from '#schemas/values/oids.js';
import { DEFAULT_TEXT_CONTEXT, textParser, textPrinter } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import { arrayOf, printType, TYPES } from '#schemas/values/type-name.js';
import { postgresBin } from '../../../test/harness/postgres.js';
import { type SharedPostgres, sharedPostgres } from '../../../test/harness/shared-servers.js';
import { binaryDecoder, encodeBinary } from './binary.js';
import { BufferSink } from './buffer-sink.js';

const SAMPLES: ReadonlyArray<readonly [type: SqlType, send: string, texts: readonly string[]]> = [
  [TYPES.boolean, 'boolsend', ['t', 'f']],
  [TYPES.smallint, 'int2send', ['-32768', '7']],
  [TYPES.integer, 'int4send', ['-2147483648', '7']],
  [TYPES.bigint, 'int8send', ['-9223372036854775808', '7']],
  [TYPES.oid, 'oidsend', ['4294967295', '0']],
  [TYPES.real, 'float4send', ['1.5', '-0', 'Infinity', '0.1']],
  [TYPES.double, 'float8send', ['1.5', '-0', '-Infinity', '0.1']],
  [
    TYPES.numeric,
    'numeric_send',
    [
      '0',
      '0.00',
      '1',
      '-1.50',
      '10000',
      '9999.9999',
      '0.0001',
      '1e-20',
      '12345678901234567890.12345',
      '1e30',
      '100000000',
      'NaN',
      'Infinity',
      '-Infinity',
      '0.00010',
      '-123456.7',
    ],
  ],
  [TYPES.text, 'textsend', ['', 'ä😀']],
  [{ kind: 'char', length: 4 }, 'bpcharsend', ['ä', '']],
  [TYPES.name, 'namesend', ['abc']],
  [TYPES.bytea, 'byteasend', ['\\x00ff', '\\x']],
  [TYPES.date, 'date_send', ['2000-01-01', '1969-12-31', 'infinity', '-infinity', '0044-03-15 BC']],
  [TYPES.time, 'time_send', ['00:00', '24:00', '12:34:56.789']],
  [TYPES.timetz, 'timetz_send', ['12:34:56.789+02', '00:00-03:30']],
  [
    TYPES.timestamp,
    'timestamp_send',
    ['2024-02-29 12:34:56.789', '1999-12-31', 'infinity', '-infinity', '0044-03-15 BC'],
  ],
  [TYPES.timestamptz, 'timestamptz_send', ['2024-02-29 12:34:56.789+02', 'infinity']],
  [TYPES.interval, 'interval_send', ['1 mon -2 days 03:04:05.6', '-1 year']],
  [TYPES.uuid, 'uuid_send', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
  [TYPES.json, 'json_send', ['{"b":1 , "a":2}']],
  [TYPES.jsonb, 'jsonb_send', ['{"b":1 , "a":2}']],
  [arrayOf(TYPES.integer), 'array_send', ['{}', '{1,NULL,3}', '{{1,2},{3,4}}']],
  [arrayOf(TYPES.text), 'array_send', ['{a,"",NULL}', '{}']],
  [arrayOf(TYPES.numeric), 'array_send', ['{1.50,NaN}']],
];

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

let server: SharedPostgres;

beforeAll(async () => {
  server = await sharedPostgres();
}, 60_000);

function ask(queries: readonly string[]): string[] {
  const target = ['-h', server.host, '-p', String(server.port), '-U', server.user, '-d', server.database];
  const env = { ...process.env, PGPASSWORD: server.password, PGCLIENTENCODING: 'UTF8' };
  const sql = `select json_build_array(${queries.map((query) => `(${query})::text`).join(', ')})`;
  return JSON.parse(
    execFileSync(join(postgresBin(), 'psql'), ['-XAtqc', sql, ...target], { encoding: 'utf8', env }),
  ) as string[];
}

describe('binary forms equal those of PostgreSQL', () => {
  it.each(SAMPLES.map(([type, send, texts]) => [printType(type), type, send, texts] as const))(
    'of %s',
    (name, type, send, texts) => {
      const theirs = ask(texts.map((text) => `select encode(${send}(${quote(text)}::${name}), 'hex')`));
      const parse = textParser(type, DEFAULT_TEXT_CONTEXT);
      const print = textPrinter(type, DEFAULT_TEXT_CONTEXT);
      const values = texts.map((text) => parse(text));
      const ours = values.map((value) => {
        const sink = new BufferSink();
        encodeBinary(type, value, sink);
        return sink.finish().toString('hex');
      });
      expect(ours).toEqual(theirs);
      const decode = binaryDecoder(type);
      expect(theirs.map((hex) => print(decode(Buffer.from(hex, 'hex'))))).toEqual(values.map(print));
    },
  );

  it('under the same oids, sizes and modifiers', () => {
    const types: SqlType[] = [
      ...SAMPLES.map(([type]) => type),
      ...SAMPLES.filter(([type]) => type.kind !== 'array').map(([type]) => arrayOf(type)),
      { kind: 'numeric', precision: 10, scale: 2 },
      { kind: 'numeric', precision: 3, scale: -2 },
      { kind: 'varchar', length: 12 },
    ];
    const names = types.map(printType);
    const theirs = ask(
      names.map(
        (name) =>
          `select concat_ws(' ', ${quote(name)}, t.oid, t.typlen) from pg_type t where t.oid = ${quote(name)}::regtype`,
      ),
    );
    expect(types.map((type, i) => `${names[i]} ${oidOf(type)} ${sizeOf(type)}`)).toEqual(theirs);
    const formatted = ask(types.map((type) => `select format_type(${oidOf(type)}, ${typmodOf(type)})`));
    expect(formatted).toEqual(names);
  });
});
