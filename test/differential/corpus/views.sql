create view rich as select id, name, salary from emp where salary >= 90;
select * from rich order by id;
select r.name, d.name from rich r join emp e on e.id = r.id join dept d on d.id = e.dept order by r.id;
select count(*) from rich where id > 1;
create view per_dept (d, n, total) as select dept, count(*), sum(salary) from emp group by dept;
select * from per_dept order by d;
select d from per_dept where n > 1 order by d;
select x.* from (select * from per_dept) x where x.d = 1;
drop view rich, per_dept;
