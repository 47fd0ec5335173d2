declare h cursor with hold for select id from emp order by id;
update emp set salary = 1 where current of u;
select id from dept order by id limit 1 + 1 offset (select 1);
select name collate "nope" from emp;
