with recursive x as (select 1 union all select count(*) from x) select * from x;
select emp from emp where id = 1 and emp.id = 'x';
