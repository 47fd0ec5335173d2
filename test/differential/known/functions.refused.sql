select to_date('06 May 2020', 'DD Mon YYYY'), to_timestamp('2020-05-06 10:11', 'YYYY-MM-DD HH24:MI'), to_timestamp(1588759200), make_date(2020, 5, 6), make_time(1, 2, 3.5), make_timestamp(2020, 1, 2, 3, 4, 5.5), make_interval(days => 3, hours => 2);
select timestamp(0) '2020-01-01 10:00:00.6', '2020-01-01 10:00:00.123456'::timestamp(3), '10:00:00.55'::time(1), now()::timestamptz(0) = date_trunc('second', now()) or true, '10:00:00.999'::interval(0), '2020-01-01 10:00:00.987654'::timestamptz(2);
select * from json_to_recordset('[{"a": 1, "b": "x"}, {"a": 2}]') as t (a integer, b text);
select * from jsonb_to_record('{"a": 1, "b": "x"}') as t (a integer, b text);
select 'a' 
  'b', b'101', x'1F', 1_0 from dept limit 1;
select b'101', x'1F', b'101' & b'110', length(b'1010');
select row(1, 'a', null), row(1), (1, 'x y');
select * from (values (1, row(1, 2)), (2, row(3, 4))) t (a, b);
select percentile_disc(0.5) within group (order by salary), percentile_cont(array[0.25, 0.75]) within group (order by salary), mode() within group (order by dept) from emp;
select percentile_disc(0.5) within group (order by name), percentile_cont(0.5) within group (order by interval '1 day' * id) from emp;
select dept, percentile_cont(0.5) within group (order by salary desc) from emp group by dept order by dept;
select rank(85) within group (order by salary), dense_rank(85) within group (order by salary), percent_rank(85) within group (order by salary), cume_dist(85) within group (order by salary) from emp;
