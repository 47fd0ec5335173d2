import { decodeProgram } from '#schemas/program/decode.js';
import { encodeProgram } from '#schemas/program/encode.js';
import { dialect } from '../postgres/dialect/dialect.js';
import { parseText } from './parse-text.js';

/** Statements that must parse, and come back the same from their program. */
const STATEMENTS = [
  'SELECT abalance FROM pgbench_accounts WHERE aid = 12345',
  "select 1, 'a', 1.5, -3, - 2147483648, 9223372036854775808, null, true, $1, e'a\\n', U&'\\0041', $$x$$, $q$a$$b$q$",
  'select a.b, c.*, * from t a, s.u as c (x, y), only v where a.b = 1 and (c.x <> 2 or not c.y) and 1 = 1',
  'select distinct on (a, b) a, b from t order by a desc nulls last, b using >, c asc limit 5 offset 3 rows',
  'select from t',
  'table t',
  'values (1, 2), (3, 4) order by 1 fetch first 3 rows with ties',
  'select 1 union select 2 union all (select 3 limit 1) intersect select 4 except select 5 order by 1',
  '((select 1) union (select 2)) limit 1',
  'select ((select 1) union (select 2)), ((select 1)), ((select 1) + 1), (select 1) + 1',
  'select * from ((select 1 as a) union (select 2)) x, ((select 3) y cross join t), ((a join b using (c)) join d on true) as e',
  'with recursive x(n) as not materialized (select 1 union all select n + 1 from x where n < 5), y as (delete from t returning *) select * from x, y',
  'select * from a left join b on a.x = b.x right outer join c using (y, z) full join d on true natural join e cross join f',
  'select * from a join b join c on b.x = c.x on a.x = b.x',
  'select * from t, lateral (select t.a) s, lateral generate_series(1, t.a) with ordinality as g(v, n), json_to_record($1) as r(a int, b text[])',
  'select * from f() as (a int, b numeric(10,2)), current_date as d2, coalesce(1, 2) as c',
  'select count(*), count(distinct a), sum(a) filter (where b > 0), array_agg(a order by b desc, c), rank() over (partition by a order by b rows between 1 preceding and unbounded following), first_value(x) over w from t group by a, b having count(*) > 1 window w as (order by a range current row)',
  'select a, grouping(a, b) from t group by rollup (a, (b, c)), cube (d), grouping sets ((a), (), rollup (b, c)), ()',
  'select * from t for update of t nowait for no key update skip locked for share for key share',
  "select x between 1 and 2 and y not between symmetric 3 and 4, a like 'b%' escape '!', a not ilike b, a similar to c, a in (1, 2), a not in (select 1), (a, b) in ((1, 2), (3, 4)), a is null, b is not distinct from c, d isnull, e notnull, f is not true, g is unknown",
  'select a = any ($1), b <> all (select c from d), e = some (array[1, 2]), x like any (array[1])',
  "select a::int, cast(b as varchar(10)), c::numeric(5, -2)[], d::timestamp(3) with time zone, e::time, f::double precision, g::char(3), h::bit varying(5), i::interval day to second(2), '{1,2}'::int[3][], 'pg_class'::regclass, x::pg_catalog.text, y::\"char\", z::float(10)",
  "select date '2020-01-01', timestamp '2020-01-01 00:00', timestamp with time zone '2020-01-01', interval '1' day, interval '1-2' year to month, interval(3) '1 s', numeric(4,1) '1.5', json '{}', bool 't', double precision '1', interval '3' second(2)",
  "select extract(year from d), extract('epoch' from d), substring(a from 1 for 2), substring(a for 2), substring(a, 1), substring(a from 'x'), position('a' in b), overlay(a placing b from 1 for 2), trim(both 'x' from a), trim(a), trim(leading from a), trim(trailing 'a' from b), nullif(a, b), greatest(1, 2), current_timestamp(3), current_user, localtime, current_schema(), current_schema, normalize(a)",
  'select case when a then b else c end, case x when 1 then 2 when 3 then 4 end, row(1, 2), (1, 2) = (3, 4), row(), array[1, 2, 3], array[[1, 2], [3, 4]], array[]::int[], array(select 1), exists (select 1), not exists (select 1)',
  'select a[1], a[1:2], a[:2], a[1:], a[1][2], (f(x)).y, ($1).z, (t.c).d.e, a collate "C", a collate pg_catalog.default',
  "select a at time zone 'UTC', (a, b) overlaps (c, d), a operator(pg_catalog.~) b, operator(pg_catalog.-) a, a || b || c, a -> 'b' ->> 'c' #> d @> e, a ? b, ~ a, @ b, a ~* b, a !~~ b",
  'select 1 + 2 * 3 ^ 4 - -5 % 6 < 7 is not null, not a = b, - a ^ 2',
  'select a as select, b "Quoted", c value, d year_, left(a, 1), a.left from t',
  'select a into temp x from t',
  "insert into t values (1, default, 'x')",
  'insert into s.t as x (a, "B") values (1, 2), (3, 4) on conflict (a, lower(b)) where c do update set a = excluded.a, (b, c) = (1, 2) where x.a > 1 returning *, a as z',
  'insert into t default values on conflict do nothing',
  'insert into t (a) overriding system value (select 1) on conflict on constraint k do nothing',
  'insert into t (select 1)',
  'with recursive r as (select 1) insert into t select * from r',
  'update only t as x set a = a + 1, (b, c) = (select 1, 2), d = default, (e) = (5), (f, g) = row(1, 2) from u join v using (k) where x.a = u.a returning x.*',
  'update t * set a = 1',
  'delete from t a using b, c where a.x = b.x returning a.x',
  'truncate table a, only b restart identity cascade',
  'select * from t for system_time as of $1 x',
];

describe('programs of parsed statements', () => {
  it.each(STATEMENTS)('%s', (text) => {
    for (const lift of [false, true]) {
      const [parsed] = parseText(text, dialect, lift);
      expect(parsed?.statement).not.toBeNull();
      if (parsed?.statement) expect(decodeProgram(encodeProgram(parsed.statement))).toEqual(parsed.statement);
    }
  });
});
