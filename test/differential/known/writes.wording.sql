insert into w (id, a) values (24);
update w set a = 1, a = 2;
insert into w (id, d) values (60, 50) on conflict (b) do nothing;
