/** Valid PostgreSQL that is refused with feature_not_supported. */
export const UNSUPPORTED: readonly string[] = `
listen x
notify x, 'y'
unlisten *
do $$ begin end $$
call f(1)
load 'x'
cluster t
import foreign schema s from server x into y
reassign owned by a to b
security label on table t is 'x'
refresh materialized view v
set constraints all deferred
prepare transaction 'x'
commit prepared 'x'
rollback prepared 'x'
create function f() returns int language sql as 'select 1'
create or replace function f() returns int language sql as 'select 1'
create procedure p() language sql as 'select 1'
create trigger g after insert on t execute function f()
create constraint trigger g after insert on t for each row execute function f()
create type x as enum ('a')
create domain d as int
create extension pgcrypto
create extension if not exists "uuid-ossp"
create materialized view v as select 1
create aggregate a (int) (sfunc = f, stype = int)
create operator + (leftarg = int, function = f)
create rule r as on insert to t do nothing
create policy p on t
create publication p for all tables
create subscription s connection 'x' publication p
create server s foreign data wrapper w
create foreign table t (a int) server s
create tablespace s location '/x'
create language l
create trusted language l
create collation c from "C"
create cast (int as text) with function f(int)
create event trigger e on ddl_command_start execute function f()
create statistics s on a, b from t
create text search dictionary d (template = x)
create transform for int language l (from sql with function f(internal))
create conversion c for 'a' to 'b' from f
create access method m type index handler h
create unlogged table t (a int)
create recursive view v (a) as select 1
create temp view v as select 1
create temp sequence s
create table t (like u)
create table t (a int) inherits (u)
create table t (a int) partition by range (a)
create table t partition of u for values from (1) to (2)
create table t of x
create table t (a int) tablespace x
create table t (a int) using heap
create temp table t (a int) on commit drop
create table t (a int, exclude using gist (a with =))
create table t (a int unique nulls not distinct)
create table t (a int unique deferrable)
create table t (a int references u on delete set null (a))
create table t (a int check (a > 0) no inherit)
create table t as execute p
create index i on t (a gin_trgm_ops)
create index i on t (a) with (fillfactor = 70)
create view v as select 1 with check option
create view v with (security_barrier) as select 1
create schema s create table t (a int)
alter function f() owner to u
alter type x add value 'b'
alter database d set a = 1
alter database d rename to e
alter schema s rename to t
alter system set a = 1
alter default privileges grant select on tables to u
alter role u set a = 1
alter role u rename to v
alter table t validate constraint c
alter table t enable row level security
alter table t disable trigger all
alter table t set (fillfactor = 70)
alter table t inherit u
alter table t attach partition u for values in (1)
alter table t replica identity full
alter table t cluster on i
alter table t set logged
alter table t set tablespace x
alter table t alter a set statistics 100
alter table t alter a set storage plain
alter table t alter constraint c deferrable
alter table t add constraint k primary key using index i
alter index i set (fillfactor = 70)
alter index i attach partition j
alter view v alter a set default 1
alter domain d set not null
alter extension e update
alter operator + (int, int) owner to u
alter policy p on t rename to q
alter large object 1 owner to u
drop function f()
drop function if exists f(int)
drop trigger t on u
drop type x
drop extension e
drop materialized view v
drop domain d
drop owned by u
drop rule r on t
drop policy p on t
drop aggregate a(int)
drop database d with (force)
drop foreign table t
drop text search parser p
drop server s
drop language l
drop procedural language l
grant select (a) on t to u
grant execute on function f() to u
grant usage on type x to u
grant usage on all sequences in schema s to u
grant select on t to u granted by v
comment on function f() is 'x'
comment on type x is 'x'
comment on extension e is 'x'
copy t from '/x'
copy t to program 'x'
copy t from stdin where a = 1
copy (insert into t values (1) returning *) to stdout
set transaction snapshot 'x'
set a from current
set xml option document
set time zone interval '1' hour to minute
explain execute p
merge into t using u on true when matched then delete
with x as (select 1) merge into t using x on true when matched then delete
select a from t tablesample system (1)
select * from rows from (f(), g())
select * from xmltable('x' passing y columns a int)
select xmlelement(name x)
select percentile_cont(0.5) within group (order by a) from t
select f(variadic a)
select f(a => 1)
select f(a := 1)
select b'101'
select x'1f'
select a is document
select a is normalized
select treat(a as int)
select (a).* from t
select sum(a) over (order by b rows between 1 preceding and current row exclude ties) from t
select a from t group by distinct a
select * from t join u using (a) as x
with recursive x as (select 1) search depth first by a set b select 1
update t set a[1] = 2
update t set a.b = 2
delete from t where current of c
insert into t (a[1]) values (2)
select a operator(s.+) b
select a from t order by a using ~
create user mapping for u server s
drop user mapping for u server s
alter user mapping for u server s options (set a 'b')
alter group g add user u
create or replace trigger g after insert on t execute function f()
create role r sysid 5
select U&'d!0061' uescape '!'
create table t (a int compression pglz)
`
  .trim()
  .split('\n');
