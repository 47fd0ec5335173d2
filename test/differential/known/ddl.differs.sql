alter table child add constraint fk_dept foreign key (parent) references dept (zzz);
select column_name, data_type, is_nullable from information_schema.columns where table_name in ('dept', 'emp') order by table_name, ordinal_position;
alter table v2 rename column name to title;
select last_value, is_called from s1;
