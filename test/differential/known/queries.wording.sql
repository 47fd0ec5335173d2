with recursive r (n) as (select 1 union all select n + 1 from r order by n limit 3) select * from r;
with recursive r as (select 1 as n union all (select n + 1 from r where n < 3 union all select n + 2 from r where n < 2)) select * from r order by 1;
insert into pairs values (1, 1, 'conflict') on conflict (a) do nothing;
select case when id > 2 then generate_series(1, 2) end from dept;
