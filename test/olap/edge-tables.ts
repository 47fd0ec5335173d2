/**
 * Tables of the values that two engines are likely to take differently: bounds of types, nulls, NaN, infinities, both zeros, years before Christ, letters of
 * several bytes, trailing spaces, empty texts; and tables without rows, with one row, and with rows that were changed and deleted.
 */
export const EDGE_TABLES: readonly string[] = [
  `create table edges (id integer primary key, s smallint, i integer, b bigint, n numeric(10,2), m numeric(38,0), k numeric(20,10), w numeric,
    r real, d double precision, t text, v varchar(10), c char(5), o boolean, da date, ti time, ts timestamp, tz timestamptz, u uuid, y bytea,
    iv interval, j jsonb, a integer[])`,
  `insert into edges values
    (1, 1, 1, 1, 1.00, 1, 1.0000000000, 1.50, 1.5, 2.25, 'abc', 'abc', 'ab', true, '2020-02-29', '10:00', '2020-02-29 10:00', '2020-02-29 10:00+00', '00000000-0000-0000-0000-000000000001', '\\x0102', '1 day', '{"a": 1}', '{1,2}'),
    (2, -1, -1, -1, -1.00, -1, -1.0000000000, 1.5, -1.5, -2.25, 'ABC', 'ABC', 'AB', false, '1999-12-31', '23:59:59.999999', '1999-12-31 23:59:59.999999', '1999-12-31 23:59:59.999999+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '\\xff', '-1 mon', 'null', '{}'),
    (3, 32767, 2147483647, 9223372036854775807, 99999999.99, 99999999999999999999999999999999999999, 9999999999.9999999999, 1e30, 3.4028235e38, 1.7976931348623157e308, 'zz', 'zz', 'zz', true, '5874897-12-31', '24:00', '290000-12-31 23:59:59.999999', '290000-12-31 23:59:59.999999+00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\\x', '100 years', '[]', '{null}'),
    (4, -32768, -2147483648, -9223372036854775808, -99999999.99, -99999999999999999999999999999999999999, -9999999999.9999999999, -1e-30, -3.4028235e38, -1.7976931348623157e308, '', '', '', false, '4713-01-01 BC', '00:00', '4713-01-01 00:00:00 BC', '4713-01-01 00:00:00+00 BC', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '\\x00', '-1 day 23:00', '{}', '{3}'),
    (5, 0, 0, 0, 0.00, 0, 0.0000000000, 0, 0, 0, 'é', 'é', 'é', null, 'infinity', '12:00', 'infinity', 'infinity', null, '\\x0100', '0', '0', '{0}'),
    (6, 0, 0, 0, 0.01, 0, 0.0000000001, 0.00, '-0', '-0', 'a%b_c', 'a%b', 'a%b', true, '-infinity', '12:00:00.000001', '-infinity', '-infinity', '00000000-0000-0000-0000-000000000000', '\\x01', '00:00:00.000001', '"x"', '{2,1}'),
    (7, 7, 7, 7, 7.77, 7, 7.7777777777, 7.770, 'NaN', 'NaN', 'a\\b', 'a\\b', 'a\\b', false, '0001-01-01', '01:02:03', '0001-01-01 00:00:00', '0001-01-01 00:00:00+00', null, '\\x7f80', '1 mon -1 day', 'true', '{7}'),
    (8, -7, -7, -7, -7.77, -7, -7.7777777777, -7.77, 'Infinity', 'Infinity', '𝄞x', '𝄞x', '𝄞x', true, '0001-12-31 BC', '04:05:06.5', '0001-12-31 23:59:59 BC', '0001-12-31 23:59:59+00 BC', null, '\\x80', '-00:00:01', '1.0', '{1}'),
    (9, 10, 10, 10, 10.10, 10, 10.1010101010, 10.1, '-Infinity', '-Infinity', U&'\\FF41', 'a ', 'a ', false, '2000-02-29', '06:07:08', '2000-02-29 12:34:56.789', '2000-02-29 12:34:56.789+02', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', null, '1 year 2 mons', '[1]', '{9,9}'),
    (10, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
    (11, 3, 3, 3, 3.33, 3, 3.3333333333, 3.3, 0.1, 0.1, 'abc ', 'abc', 'abc', true, '2024-12-30', '10:00', '2024-12-30 10:00:00.000001', '2024-12-30 10:00:00.000001+00', '00000000-0000-0000-0000-000000000001', '\\x0102', '24:00', '[]', '{1,2}'),
    (12, 100, 1000000, 1000000000000, 0.50, 1000000000000000000000, 0.5000000000, 2.5, 16777216, 9007199254740993, 'b', 'b', 'b', false, '1970-01-01', '10:00:01', '1970-01-01 00:00:00', '1970-01-01 00:00:00+00', null, '\\x02', '1 day', '{"a": 1}', '{3,2,1}'),
    (13, 2, 2, 2, 2.50, 2, 2.5000000000, 2.50, 1e-45, 5e-324, E'line\\nbreak', 'tab\\t', 'x', null, '1969-12-31', '11:11:11.11', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999+00', null, '\\xdeadbeef', '30 days', '[2]', null)`,
  // The same values again as numbers that can be added and multiplied without leaving their types.
  'create table tame (id integer primary key, s smallint, i integer, b bigint, n numeric(10,2), p numeric(12,4), w numeric, r real, d double precision, t text, g integer, da date, ts timestamp, at timestamptz)',
  `insert into tame select x, x % 7 - 3, x * 37 % 101 - 50, x * 7919 % 10007 - 5000, (x * 331 % 2003 - 1000) / 100.0, (x * 17 % 997 - 500) / 10000.0, (x % 13) / 4.0, (x % 9 - 4) / 4.0, (x % 17 - 8) / 8.0,
    case when x % 11 = 0 then null else substr('alpha beta gamma', x % 12 + 1, x % 5) end, nullif(x % 6, 5), date '2020-01-01' + x * 13 % 700, timestamp '2020-01-01 00:00' + x * interval '7 hours 13 minutes',
    timestamptz '2019-12-31 22:30+00' + x * interval '5 hours 17 minutes' from generate_series(1, 200) x`,
  'update tame set i = null where id % 17 = 0',
  'update tame set n = null, d = null where id % 19 = 0',
  'update tame set t = t || $$!$$ where id % 23 = 0',
  'delete from tame where id % 29 = 0',
  'create table empty (id integer primary key, i integer, b bigint, n numeric(10,2), d double precision, t text, da date, o boolean)',
  "create table lone (id integer primary key, i integer, n numeric(10,2), t text, da date); insert into lone values (1, 5, 5.00, 'abc', '2020-02-29')",
  'create table odd (id integer primary key, n numeric(10,2), t text)',
  "insert into odd values (1, 'NaN', 'not a number'), (2, 1.00, 'one')",
  // Columns that came and went while there were rows.
  'create table altered (id integer primary key, x integer, z numeric(6,2))',
  'insert into altered values (1, 10, 1.50), (2, 20, null), (3, null, -3.25)',
  "alter table altered add column late text default 'late'",
  'alter table altered drop column x',
  "insert into altered values (4, 4.00, 'own'), (5, null, null)",
  'alter table altered add column x bigint default 9223372036854775807',
  'alter table altered alter column z type numeric(8,3)',
  'update altered set x = 1 where id = 2',
  'delete from altered where id = 1',
];
