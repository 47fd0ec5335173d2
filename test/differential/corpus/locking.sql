select id from emp where id = 1 for update;
select id from emp where dept = 1 order by id for no key update;
select id from emp where salary > 80 order by id for share;
select id from emp order by id limit 2 for key share;
select e.id, d.id from emp e join dept d on d.id = e.dept where e.id < 4 order by e.id for update of e;
select e.id from emp e left join dept d on d.id = e.dept order by e.id for update of e skip locked;
select id from (select * from emp where id = 2) x for update;
select id from emp where id = 3 for update nowait;
