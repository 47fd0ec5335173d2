insert into g (a, b) values (1, 1);
update g set b = 1;
insert into ia (id, x) values (5, 'c');
update ia set id = 9 where x = 'a';
