/** Expressions that must parse: each is tried as the only column of a SELECT. */
export const EXPRESSIONS: readonly string[] = `
1
-1
- 1
+1
1.5
.5
5.
1e10
1.5e-3
2147483647
2147483648
-2147483648
9223372036854775807
-9223372036854775808
9223372036854775808
123456789012345678901234567890
'text'
''
'it''s'
E'a\\nb\\tc\\\\d\\x41\\101\\u0041'
E'it\\'s'
U&'d\\0061t\\+000061'
N'national'
$$dollar$$
$tag$do'll$ar$tag$
null
true
false
$1
$2::int
a
"A b"
t.a
s.t.a
a + b * c
a * b + c
a - b - c
a / b % c
a ^ b ^ c
- a ^ b
- a::int
(a + b) * c
a || b || c
a || b + c
a < b
a >= b
a <> b
a != b
a = b and c = d or e = f
not a = b
not a and b
not not a
a is null
a is not null
a isnull
a notnull
a is true
a is not false
a is unknown
a is not unknown
a is distinct from b
a is not distinct from b + 1
a = b is null
a between 1 and 2
a not between 1 and 2 and b
a between symmetric b and c
a between asymmetric 1 and 2
a in (1)
a in (1, 2, 3)
a not in (1, 2)
a in (select b from t)
a not in (values (1), (2))
(a, b) in (select 1, 2)
(a, b) = (1, 2)
(a, b) < (c, d)
a like 'x%'
a not like 'x%'
a ilike 'x'
a not ilike 'x'
a like 'x!%' escape '!'
a similar to '(a|b)'
a not similar to 'x' escape '\\'
a ~ 'x'
a !~* 'x'
a ~~ 'x'
a = any (array[1, 2])
a = any ($1)
a <> all (select 1)
a < some (select 1)
a like any (array['a', 'b'])
a not like all (array['a'])
a operator(pg_catalog.=) any (array[1])
operator(pg_catalog.-) a
a operator(pg_catalog.+) b
case when a then 1 end
case when a then 1 when b then 2 else 3 end
case a when 1 then 'x' else 'y' end
cast(a as int)
cast('1' as numeric(10, 2))
a::text::int
'1'::int4
'{1,2}'::int[]
a::varchar(5)
a::character varying
a::character varying (5)
a::char
a::character(3)
a::bpchar
a::"char"
a::bit(3)
a::bit varying
a::bit varying(8)
a::double precision
a::float
a::float(24)
a::decimal(5)
a::dec(5, 2)
a::timestamp
a::timestamp(3)
a::timestamp without time zone
a::timestamp(0) with time zone
a::timestamptz
a::time with time zone
a::time(3)
a::interval
a::interval(3)
a::interval hour to minute
a::interval second(3)
a::national character varying(3)
a::nchar(3)
a::regclass
a::pg_catalog.regclass
a::pg_catalog.text[]
a::int array
a::int array[3]
a::int[][]
a::int[3][4]
a::json
a::boolean
a::smallint
a::bigint
a::real
a::oid
a::aclitem[]
date '2020-01-01'
time '12:00'
time with time zone '12:00+01'
timestamp '2020-01-01 00:00:00'
timestamp without time zone '2020-01-01'
timestamp with time zone '2020-01-01 00:00:00+00'
timestamp(3) '2020-01-01'
timestamptz '2020-01-01'
interval '1 day'
interval '1' year
interval '1-2' year to month
interval '1' day
interval '1 2' day to hour
interval '1 2:03' day to minute
interval '1 2:03:04' day to second
interval '1 2:03:04.5' day to second(2)
interval '1' hour
interval '1:02' hour to minute
interval '1:02:03' hour to second
interval '1' minute
interval '1:02' minute to second
interval '5' second
interval(3) '1.23456 s'
numeric(4, 1) '1.5'
varchar(3) 'abc'
character varying 'abc'
double precision '1.5'
int '1'
bool 't'
json '{"a": 1}'
"date" '2020-01-01'
pg_catalog.date('2020-01-01')
a at time zone 'UTC'
a at time zone 'UTC' at time zone 'Europe/Berlin'
a + b at time zone 'UTC'
timestamp '2020-01-01' at time zone 'UTC'
a collate "C"
a collate pg_catalog.default
a || b collate "C"
- a collate "C"
extract(year from a)
extract('year' from a)
extract("epoch" from a)
extract(day from interval '1 day')
substring(a from 1 for 2)
substring(a from 2)
substring(a for 2)
substring(a for 2 from 1)
substring(a from 'x.*')
substring(a similar 'x' escape '!')
substring(a, 1, 2)
position('a' in b)
position('a' || 'b' in c)
overlay(a placing 'x' from 1)
overlay(a placing 'x' from 1 for 2)
trim(a)
trim(both from a)
trim(both 'x' from a)
trim(leading 'x' from a)
trim(trailing from a)
trim('x' from a)
trim(a, 'x')
coalesce(a)
coalesce(a, b, 1)
nullif(a, b)
greatest(1, 2, 3)
least(a, b)
current_date
current_time
current_time(3)
current_timestamp
current_timestamp(3)
localtime
localtimestamp
localtimestamp(0)
current_user
current_role
session_user
user
current_catalog
current_schema
current_schema()
normalize('a')
collation for (a)
row()
row(1)
row(1, 2)
(1, 2)
row(a, b) = row(1, 2)
(a, b) overlaps (c, d)
row(a, b) overlaps row(c, d)
array[]::int[]
array[1, 2]
array[[1, 2], [3, 4]]
array[array[1], array[2]]
array(select 1)
array(values (1), (2))
a[1]
a[1][2]
a[1:2]
a[:2]
a[1:]
a[:]
t.a[1]
a[b[1]]
(array[1, 2])[1]
(f(x))[1]
(a).b
(a).b.c
(f(1)).x
($1).x
exists (select 1)
not exists (select)
(select 1)
(select 1) + 1
((select 1))
((select 1) union (select 2))
((1))
f()
f(1)
f(a, b)
s.f(1)
pg_catalog.f(1)
left(a, 1)
right(a, 1)
"F"(1)
count(*)
count(a)
count(all a)
count(distinct a)
count(distinct a) filter (where a > 1)
array_agg(a order by b)
array_agg(distinct a order by a desc nulls last)
string_agg(a, ',' order by b, c desc)
sum(a) over ()
sum(a) over (partition by b)
sum(a) over (order by b)
sum(a) over (partition by b, c order by d desc nulls first)
sum(a) over (rows unbounded preceding)
sum(a) over (order by b rows between 1 preceding and 2 following)
sum(a) over (order by b range between unbounded preceding and unbounded following)
sum(a) over (order by b groups between current row and 1 following)
sum(a) over (order by b range between interval '1 day' preceding and current row)
sum(a) over (order by b rows between unbounded preceding and current row exclude no others)
sum(a) filter (where b) over (order by c)
row_number() over w
row_number() over (w rows current row)
lag(a, 1, 0) over (order by b)
grouping(a)
grouping(a, b)
a -> 'b'
a ->> 'b'
a -> 0
a #> '{a,b}'
a #>> '{a}'
a @> b
a <@ b
a ? 'b'
a ?| b
a ?& b
a && b
a << 1
a >> 1
a & b | c # d
~ a
@ a
|/ a
a <-> b
a -1
a- -1
a*-1
1--2
/* c */ 1 /* /* nested */ */
"select"
a.select
value
name
year
interval
"a""b"
über
`
  .trim()
  .split('\n')
  // The comment line ends inside: its second operand stands on the next line.
  .map((line) => (line === '1--2' ? '1--2\n+ 3' : line.replaceAll('\\\\', '\\')));
