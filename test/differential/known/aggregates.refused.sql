select percentile_cont(0.5) within group (order by salary), mode() within group (order by salary) from emp;
