/** Columns of the table edges by the group in which they compare with each other. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  numbers: ['s', 'i', 'b'],
  exact: ['n', 'm', 'k', 'w'],
  floats: ['r', 'd'],
  texts: ['t', 'v', 'c'],
  booleans: ['o'],
  dates: ['da'],
  times: ['ti'],
  timestamps: ['ts'],
  zoned: ['tz'],
  uuids: ['u'],
  bytes: ['y'],
  intervals: ['iv'],
  documents: ['j'],
  arrays: ['a'],
};

const COLUMNS = Object.values(GROUPS).flat();
const COMPARISONS = ['=', '<>', '<', '<=', '>', '>='];

/** Constants next to each column, for conditions. */
const CONSTANTS: Readonly<Record<string, readonly string[]>> = {
  s: ['0', '32767', '40000', '-7'],
  i: ['0', '2147483647', '7.5', '2147483648'],
  b: ['0', '9223372036854775807', '-9223372036854775808', '0.5'],
  n: ['0', '7.77', '7.770', '99999999.99', '0.005', "'NaN'::numeric", '1e20'],
  m: ['0', '99999999999999999999999999999999999999', '0.5'],
  k: ['0', '7.7777777777', '7.77777777770'],
  w: ['1.5', '0'],
  r: ['0', '0.1', "'NaN'::real", "'Infinity'::real", '0.1::real'],
  d: ['0', '0.1', "'NaN'", "'-Infinity'", '2.25'],
  t: ["'abc'", "''", "'é'", "'Z'", "'abc '"],
  v: ["'abc'", "''", "'a '"],
  c: ["'ab'", "'ab   '", "''", "'ab'::text"],
  o: ['true', 'false', 'null'],
  da: ["'2020-02-29'", "'infinity'", "'4713-01-01 BC'"],
  ti: ["'10:00'", "'24:00'"],
  ts: ["'2020-02-29 10:00'", "'infinity'", "'-infinity'", "date '2020-02-29'"],
  tz: ["'2020-02-29 10:00+00'", "'infinity'", "timestamptz '1970-01-01 00:00+00'"],
  u: ["'00000000-0000-0000-0000-000000000001'", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"],
  y: ["'\\x0102'", "'\\x'"],
  iv: ["'1 day'", "'24:00'"],
  j: ['\'{"a": 1}\''],
  a: ["'{1,2}'"],
};

const ARITHMETIC = ['+', '-', '*', '/', '%'];
const FIELDS = [
  'year',
  'month',
  'day',
  'hour',
  'minute',
  'second',
  'dow',
  'doy',
  'isodow',
  'week',
  'quarter',
  'epoch',
  'century',
];
const PATTERNS = [
  'abc',
  'a%',
  '%b%',
  '%c',
  '_b_',
  'a\\%b\\_c',
  'a\\\\b',
  '',
  '%',
  '_',
  '__',
  'é',
  '%x',
  'A%',
  '%\\',
  'a_c%',
  '%b_c',
];

/** Every comparison of every type: with its own kind, with constants, and with null. */
function comparisons(): string[] {
  const queries: string[] = [];
  for (const group of Object.values(GROUPS))
    for (const left of group)
      for (const right of group)
        queries.push(
          `select ${COMPARISONS.map((op, at) => `e.${left} ${op} f.${right} as x${at}`).join(', ')}, e.id, f.id from edges e join edges f on e.${left} ${right < left ? '<' : '>='} f.${right} order by e.id, f.id`,
        );
  for (const [column, constants] of Object.entries(CONSTANTS))
    for (const constant of constants)
      for (const op of ['=', '>=', 'is distinct from'])
        queries.push(`select id, ${column} from edges where ${column} ${op} ${constant} order by id`);
  return queries;
}

/** What may be asked of any column. */
export function columnQueries(): string[] {
  return COLUMNS.flatMap((column) => [
    `select id, ${column} from edges order by id`,
    `select id from edges where ${column} is null order by id`,
    `select count(${column}), count(distinct ${column}) from edges`,
    `select ${column}, count(*), min(id) from edges group by ${column} order by 3`,
    `select distinct ${column} is null, ${column} from edges order by ${column} nulls first`,
    `select min(${column}), max(${column}) from edges`,
    `select min(${column}) filter (where id > 100), max(${column}) filter (where id in (7, 8, 9)) from edges`,
    `select id, ${column} from edges order by ${column} desc nulls last, id limit 5`,
    `select id from edges order by ${column}, id offset 3`,
    `select e.id, f.id from edges e left join edges f on e.${column} = f.${column} and e.id <> f.id order by 1, 2`,
    `select id from edges e where ${column} in (select ${column} from edges f where f.id <> e.id) order by id`,
    `select id from edges where ${column} not in (select ${column} from edges where id > 10) order by id`,
    `select ${column} from edges where id < 6 union select ${column} from edges where id > 4 order by 1`,
    // Of equal values that look different, as 0 and -0 do, any one may be left.
    ...(GROUPS['floats']?.includes(column)
      ? []
      : [`select ${column} from edges where id > 2 except all select ${column} from edges where id > 9 order by 1`]),
    `select id, coalesce(${column}, (select ${column} from edges where id = 1)) from edges order by id`,
    `select id, case when id % 2 = 0 then ${column} end from edges where id > 1 order by id`,
  ]);
}

/** Arithmetic, row by row: a value that does not fit must not hide the others. */
function arithmetic(): string[] {
  const queries: string[] = [];
  const numbers = [...(GROUPS['numbers'] ?? []), ...(GROUPS['exact'] ?? []), ...(GROUPS['floats'] ?? [])];
  for (const left of numbers)
    for (const right of numbers)
      for (const op of ARITHMETIC) {
        queries.push(`select id, ${left} ${op} ${right} from edges where id in (1, 2, 7, 8, 11, 13) order by id`);
        if (left === right || op === '/' || op === '%')
          for (const id of [3, 4, 5, 9]) queries.push(`select ${left} ${op} ${right} from edges where id = ${id}`);
      }
  for (const column of numbers)
    queries.push(
      `select id, - ${column} from edges where id <> 4 order by id`,
      `select - ${column} from edges where id = 4`,
      `select id, abs(${column}) from edges where id <> 4 order by id`,
      `select id, ${column} % 2 = 0 from edges where id < 3 order by id`,
      `select sum(${column}), avg(${column}) from edges where id in (1, 2, 5, 7, 13) and ${column} < 100`,
      `select sum(distinct ${column}), avg(distinct ${column}) from edges where id in (1, 2, 5, 6)`,
      `select sum(${column}) from edges where id in (3, 1)`,
      `select sum(${column}) from edges where id in (3, 8)`,
      `select sum(${column}) from edges where id in (8, 9)`,
      `select sum(${column}), avg(${column}), count(*) from edges where id = 10`,
      `select sum(${column} * 2), avg(${column} + 1) from edges where id in (1, 2, 13)`,
      `select sum(x * x) from (select ${column} as x from edges where id = 3) q`,
    );
  return queries;
}

function casts(): string[] {
  const targets = [
    'smallint',
    'bigint',
    'numeric',
    'numeric(20,12)',
    'double precision',
    'text',
    'varchar(2)',
    'char(3)',
    'timestamp',
  ];
  return COLUMNS.flatMap((column) =>
    targets.flatMap((target) => [
      `select id, ${column}::${target} from edges where id in (1, 2, 11, 12, 13) order by id`,
      ...(target === 'timestamp' || target === 'text' ? [] : [`select ${column}::${target} from edges where id = 3`]),
    ]),
  );
}

function dates(): string[] {
  const moments = ['da', 'ts', 'tz', 'ti', 'iv'];
  return [
    ...moments.flatMap((column) =>
      FIELDS.flatMap((field) => [
        `select id, extract(${field} from ${column}) from edges where id in (1, 2, 9, 11, 12, 13) order by id`,
        `select id from edges where date_part('${field}', ${column}) > 5 and id not in (5, 6) order by id`,
      ]),
    ),
    ...[3, 4, 5, 6, 7, 8].flatMap((id) =>
      ['da', 'ts'].flatMap((column) =>
        ['year', 'month', 'day'].map((field) => `select extract(${field} from ${column}) from edges where id = ${id}`),
      ),
    ),
    ...['da', 'ts', 'tz'].flatMap((column) => [
      ...['1 day', '1 month', '1 year', '-1 month', '36 hours', '90 days', '0.5 days'].map(
        (step) => `select id, ${column} + interval '${step}' from edges where id in (1, 2, 9, 11, 12) order by id`,
      ),
      ...['day', 'month', 'quarter', 'year', 'week', 'hour'].map(
        (field) =>
          `select date_trunc('${field}', ${column}) as x, count(*) from edges where id in (1, 2, 9, 11, 12, 13) group by 1 order by 1`,
      ),
    ]),
    ...['da', 'ts', 'tz'].flatMap((column) =>
      FIELDS.flatMap((field) => [
        `select extract(${field} from ${column}), count(*) from edges where id in (1, 2, 9, 11, 12, 13, 7) group by 1 order by 1`,
        `select date_part('${field}', ${column}), count(*) from edges where id in (1, 2, 9, 11, 12, 13, 7) group by 1 order by 1`,
      ]),
    ),
    ...[1, 3, 4, 5, 6, 7, 8].flatMap((id) => [
      `select da + 1, da - 1, da + i, count(*) from edges where id = ${id} group by 1, 2, 3`,
      `select date_trunc('year', ts), count(*) from edges where id = ${id} group by 1`,
      `select date_trunc('month', tz), tz::date, count(*) from edges where id = ${id} group by 1, 2`,
      `select ts::date, count(*) from edges where id = ${id} group by 1`,
      `select extract(year from tz), count(*) from edges where id = ${id} group by 1`,
      `select da - date '2000-01-01', count(*) from edges where id = ${id} group by 1`,
    ]),
    'select id, da + 1, da - 1, da + s from edges where id in (1, 2, 9, 11) order by id',
    'select e.id, f.id, e.da - f.da from edges e, edges f where e.id in (1, 2, 9, 12) and f.id in (1, 7, 11) order by 1, 2',
    "select id from edges where da between '1999-01-01' and '2020-12-31' order by id",
    "select id from tame where da >= date '2020-02-29' and da < date '2020-02-29' + interval '1 year' order by id",
    'select id, da::timestamp from edges where id <> 3 order by id',
    'select x.id, y.id from tame x join tame y on x.ts >= y.da and x.ts <= y.da + 1 where x.g = 1 order by 1, 2',
    'select min(da), max(ts) from edges where id not in (5, 6)',
  ];
}

function texts(): string[] {
  return ['t', 'v', 'c'].flatMap((column) => [
    ...PATTERNS.flatMap((pattern) => [
      `select id, ${column} like '${pattern}' from edges order by id`,
      `select id from edges where ${column} not like '${pattern}' order by id`,
    ]),
    `select id from edges where ${column} like 'a!%%' escape '!' order by id`,
    `select id from edges where ${column} ilike 'A%' order by id`,
    `select id from edges where ${column} similar to 'a(b|%)c' order by id`,
    `select id from edges where ${column} ~ '^a' order by id`,
    `select e.id, f.id from edges e join edges f on e.${column} like f.${column} where f.id <> 4 order by 1, 2`,
    `select id, ${column} || '|', ${column} || t, ${column} || id from edges order by id`,
    ...[
      'length',
      'char_length',
      'octet_length',
      'upper',
      'lower',
      'btrim',
      'ltrim',
      'rtrim',
      'reverse',
      'initcap',
      'md5',
      'ascii',
    ].map((name) => `select id, ${name}(${column}) from edges order by id`),
    ...['1', '2', '0', '-1', '1, 1', '2, 0', '-1, 3', '2, 100'].map(
      (range) => `select id, substring(${column}, ${range}) from edges order by id`,
    ),
    `select substring(${column}, 1, -1) from edges where id = 1`,
    ...['s', '-s', '4 - id'].flatMap((n) => [
      `select id from edges where left(${column}, ${n}) <> right(${column}, ${n}) and id > 4 order by id`,
      `select left(${column}, ${n}), right(${column}, ${n}), substring(${column}, ${n}), count(*) from edges where id > 4 group by 1, 2, 3 order by 1, 2, 3`,
    ]),
    ...[-2, -1, 0, 1, 2].flatMap((from) =>
      [-1, 0, 1, 3].map(
        (count) => `select substring(${column}, ${from}, ${count}), count(*) from edges group by 1 order by 1`,
      ),
    ),
    `select left(${column}, 2), right(${column}, 1), left(${column}, -1), id from edges order by id`,
    `select replace(${column}, 'b', 'xx'), strpos(${column}, 'b'), lpad(${column}, 5, '*'), id from edges order by id`,
    `select string_agg(${column}, ',' order by id) from edges`,
  ]);
}

/** All of them; none depends on another. */
export function edgeQueries(): string[] {
  return [...comparisons(), ...columnQueries(), ...arithmetic(), ...casts(), ...dates(), ...texts()];
}
