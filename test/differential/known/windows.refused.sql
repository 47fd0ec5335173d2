select id, sum(id) over (order by id range between unbounded preceding and current row exclude current row) from emp;
