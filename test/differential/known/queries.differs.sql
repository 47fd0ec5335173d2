select * from emp full join dept on emp.salary > 1000 order by 1, 7;
select * from emp full join dept on emp.salary > dept.budget order by 1, 7;
select ctid from emp where false;
