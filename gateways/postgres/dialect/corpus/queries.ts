/** Queries that must parse. */
export const QUERIES: readonly string[] = `
select
select 1
select 1;
select all 1
select distinct a
select distinct on (a) a, b
select distinct on (a, b + 1) *
select *
select t.*
select s.t.*, a
select a as b
select a b
select a "B"
select a as select
select a value, b name, c user_
select 1 as "1", 2 two
select from t
select a from t
select a from only t
select a from only (t)
select a from t *
select a from s.t
select a from t x
select a from t as x
select a from t as x (b, c)
select a from t, u
select a from t cross join u
select a from t join u on t.a = u.a
select a from t inner join u using (a)
select a from t left join u using (a, b)
select a from t left outer join u on true
select a from t right join u on true
select a from t right outer join u on true
select a from t full join u on true
select a from t full outer join u on true
select a from t natural join u
select a from t natural left join u
select a from t natural inner join u
select a from t join u on true join v on true
select a from t join u join v on true on true
select a from t left join u join v on true on true left join w on true
select a from (t join u on true)
select a from (t join u on true) x
select a from (t join u on true) as x (b)
select a from ((t join u on true) join v on true)
select a from ((t cross join u) cross join v) cross join w
select a from (select 1 as a) x
select a from (select 1) as x (a)
select a from ((select 1)) x
select a from ((select 1) union (select 2)) x
select a from ((select 1) x cross join t)
select a from ((select 1) limit 1) x
select a from (values (1, 2), (3, 4)) as x (a, b)
select a from (with y as (select 1) select * from y) x
select a from (table t) x
select a from lateral (select 1) x
select a from t, lateral (select t.a) x
select a from t left join lateral (select t.a) x on true
select a from f(1)
select a from f(1) x
select a from f(1) as x (a, b)
select a from f(1) with ordinality
select a from f(1) with ordinality as x (a, n)
select a from f(1) as x (a int, b text)
select a from f(1) as (a int, b text)
select a from f(1) x (a int)
select a from s.f(1)
select a from lateral f(t.a) x
select a from generate_series(1, 10) as g, unnest(array[1, 2]) u
select a from current_date
select a from coalesce(1, 2) x
select a from t where a = 1
select a from t where a = 1 and b = 2 or c
select a from t group by a
select a from t group by 1
select a from t group by a, b + 1
select a from t group by all a
select a from t group by ()
select a from t group by (a, b)
select a from t group by rollup (a, b)
select a from t group by rollup ((a, b), c)
select a from t group by cube (a, b)
select a from t group by grouping sets (a, (a, b), ())
select a from t group by grouping sets (rollup (a, b), cube (c, d))
select a from t group by grouping sets (grouping sets (a, b), c)
select a from t group by a, rollup (b), cube (c)
select a from t group by a having count(*) > 1
select a from t having true
select sum(a) over w from t window w as (partition by b)
select sum(a) over w from t window w as (order by b), x as (w rows current row)
select a from t order by a
select a from t order by 1
select a from t order by a asc, b desc
select a from t order by a nulls first, b desc nulls last
select a from t order by a using <
select a from t order by a + b, f(c)
select a from t order by a collate "C" desc
select a from t limit 1
select a from t limit all
select a from t limit null
select a from t limit $1 offset $2
select a from t limit 1 + 2
select a from t offset 1
select a from t offset 1 row
select a from t offset 1 rows
select a from t offset 5 limit 1
select a from t limit (select 1)
select a from t fetch first row only
select a from t fetch next rows only
select a from t fetch first 5 rows only
select a from t order by a fetch first 5 rows with ties
select a from t order by a offset 2 rows fetch next 5 rows only
select a from t fetch first (1 + 2) rows only
select a from t fetch first $1 rows only
select a from t for update
select a from t for no key update
select a from t for share
select a from t for key share
select a from t for update of t
select a from t, u for update of t, u
select a from t for update nowait
select a from t for update skip locked
select a from t for update of t for share of u
select a from t for update limit 1
select a from t limit 1 for update
select a from t for read only
select 1 union select 2
select 1 union all select 2
select 1 union distinct select 2
select 1 intersect select 2
select 1 except select 2
select 1 except all select 2 intersect all select 3
select 1 union select 2 union select 3
select 1 union (select 2 union select 3)
(select 1) union (select 2)
(select 1 order by 1) union (select 2 limit 1) order by 1
(select 1)
((select 1))
(select 1) order by 1
(select 1 order by 1) limit 1
select 1 union values (2)
values (1)
values (1, 'a'), (2, 'b')
values (1) union values (2)
values (1), (2) order by 1 limit 1
table t
table only t
table s.t order by a
with x as (select 1) select * from x
with x (a, b) as (select 1, 2) select * from x
with x as materialized (select 1) select * from x
with x as not materialized (select 1) select * from x
with x as (select 1), y as (select * from x) select * from y
with recursive x as (select 1 union all select a + 1 from x) select * from x
with recursive x (n) as (values (1) union all select n + 1 from x where n < 5) select sum(n) from x
with x as (insert into t values (1) returning *) select * from x
with x as (update t set a = 1 returning a) select * from x
with x as (delete from t returning *) select * from x
with x as (with y as (select 1) select * from y) select * from x
with x as (values (1)) table x
with x as (select 1) (select * from x)
with x as (select 1) select 1 union select 2
select (with x as (select 1) select * from x)
select 1 where exists (with x as (select 1) select * from x)
select a into b from t
select a into temp b from t
select a into temporary table b from t
select a from t where (a, b) in (select 1, 2) and not exists (select from u)
select a, (select max(b) from u where u.a = t.a) from t
select a from t as "T" where "T".a = 1
select a from t -- comment
select /* c */ a /* d */ from t
select a from t where a = $1 and b = $2
select 'a'
 'b'
select a from t for system_time as of $1
select a from t for system_time as of now() as x
select a from t as of system time '2026-01-01'
select a from t for system_time all
select count(*) from pg_catalog.pg_class
select n.nspname as "Schema", c.relname as "Name", case c.relkind when 'r' then 'table' when 'v' then 'view' end as "Type" from pg_catalog.pg_class c left join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'v', '') and n.nspname !~ '^pg_toast' and pg_catalog.pg_table_is_visible(c.oid) order by 1, 2
select c.oid from pg_catalog.pg_class c where c.relname operator(pg_catalog.~) '^(t)$' collate pg_catalog.default and c.oid = '16384'::pg_catalog.regclass
select a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), (select pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) from pg_catalog.pg_attrdef d where d.adrelid = a.attrelid and d.adnum = a.attnum and a.atthasdef), a.attnotnull from pg_catalog.pg_attribute a where a.attnum > 0 and not a.attisdropped
select i.indkey[0], (i.indoption[1] & 1) = 1, (information_schema._pg_expandarray(i.indkey)).n from pg_index i
select conrelid::pg_catalog.regclass::text, confkey = any (conkey), array_to_string(array(select unnest(conkey)), ',') from pg_constraint where contype = 'f'::"char"
select pg_catalog.array_to_string(c.reloptions || array(select 'toast.' || x from pg_catalog.unnest(tc.reloptions) x), ', ') from pg_class c left join pg_class tc on c.reltoastrelid = tc.oid
`
  .trim()
  .split('\n')
  .reduce<string[]>((lines, line) => {
    // A line that starts with a space continues the one before: strings that are joined across a line break.
    if (line.startsWith(' ')) lines[lines.length - 1] += `\n${line}`;
    else lines.push(line);
    return lines;
  }, []);
