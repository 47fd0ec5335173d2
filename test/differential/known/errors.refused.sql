update emp set nope.id = 1;
select (id).x from emp;
