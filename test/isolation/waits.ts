import { type Scenario, steps } from './scenario.js';

const FAMILY = [
  'create table parent (id int primary key)',
  'create table child (id int primary key, parent int references parent)',
  'insert into parent values (1)',
];
const BOTH = ['select * from parent order by id', 'select * from child order by id'];
const TABLE = ['select * from test order by id'];

/** Who waits for another's commit must see all of it when he goes on: keys that point to a row, rows of a table, the table itself. */
export const WAITS: readonly Scenario[] = [
  {
    name: 'a parent is deleted while a child comes',
    setup: FAMILY,
    steps: steps(`
      1: begin
      2: begin
      1: insert into child values (1, 1)
      2: delete from parent where id = 1
      1: commit
      2: commit`),
    outcome: BOTH,
  },
  {
    name: 'a parent is deleted with its children while one more comes',
    setup: [
      'create table parent (id int primary key)',
      'create table child (id int primary key, parent int references parent on delete cascade)',
      'insert into parent values (1)',
    ],
    steps: steps(`
      1: begin
      2: begin
      1: insert into child values (1, 1)
      2: delete from parent where id = 1
      1: commit
      2: commit`),
    outcome: BOTH,
  },
  {
    name: 'a check is added while a row comes that breaks it',
    steps: steps(`
      1: begin
      1: insert into test values (3, -3)
      2: alter table test add check (value > 0)
      1: commit`),
    outcome: TABLE,
  },
  {
    name: 'a unique index is made while a second row comes',
    steps: steps(`
      1: begin
      1: insert into test values (3, 10)
      2: create unique index on test (value)
      1: commit`),
    outcome: TABLE,
  },
  {
    name: 'a row comes while the table is emptied',
    steps: steps(`
      1: begin
      1: truncate test
      2: insert into test values (3, 30)
      1: commit`),
    outcome: TABLE,
  },
  {
    name: 'a row comes while a foreign key is added',
    setup: FAMILY.slice(0, 1),
    steps: steps(`
      1: begin
      1: alter table test add foreign key (value) references parent not valid
      2: insert into test values (3, 30)
      1: commit`),
    outcome: TABLE,
  },
  {
    name: 'a table is read while it is dropped',
    steps: steps(`
      1: begin
      1: drop table test
      2: select * from test
      1: commit
      2: select 1`),
    outcome: ['select 1'],
  },
  {
    name: 'the arbiter of ON CONFLICT changes while its row is waited for',
    setup: ['create table place (id int primary key, spot int unique, n int)', 'insert into place values (1, 1, 10)'],
    steps: steps(`
      1: begin
      2: begin
      1: select * from place where id = 1 for update
      2: insert into place values (5, 1, 50) on conflict (spot) do update set n = 999
      1: update place set spot = 77 where id = 1
      1: commit
      2: commit`),
    outcome: ['select * from place order by id'],
  },
  {
    name: 'a second partner of a join matches the newest state',
    setup: ['create table other (k int, w int)', 'insert into other values (10, 100), (11, 200)'],
    steps: steps(`
      1: begin
      1: update test set value = 11 where id = 1
      2: update test set value = 0 from other where other.k >= test.value and other.k <= test.value + 1 and test.id = 1
      1: commit`),
    outcome: TABLE,
  },
  {
    name: 'workers take a row each from a queue',
    steps: steps(`
      1: begin
      1: select id from test order by id limit 1 for update skip locked
      2: begin
      2: select id from test order by id limit 1 for update skip locked
      1: select id from test order by value desc limit 1 for update skip locked
      1: commit
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'a transaction becomes read only and keeps what it holds',
    steps: steps(`
      1: begin
      1: lock table test
      1: savepoint here
      1: set transaction read only
      2: select count(*) from test
      1: commit`),
    outcome: TABLE,
  },
  {
    name: 'a row with a dangling key goes back to a savepoint',
    setup: [
      'create table parent (id int primary key)',
      'create table child (parent int references parent deferrable initially deferred)',
    ],
    steps: steps(`
      1: begin
      1: savepoint here
      1: insert into child values (9)
      1: rollback to here
      1: commit`),
    outcome: ['select * from child'],
  },
  {
    name: 'who holds a row asks for more than somebody who waits for him',
    steps: steps(`
      1: begin
      2: begin
      1: select id from test where id = 1 for share
      2: update test set value = 20 where id = 1
      1: update test set value = 11 where id = 1
      1: commit
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'a row is shared by one more while another waits to change it',
    steps: steps(`
      1: begin
      2: begin
      3: begin
      1: select id from test where id = 1 for share
      2: update test set value = 20 where id = 1
      3: select id from test where id = 1 for share
      1: commit
      3: commit
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'who holds a table asks for more than somebody who waits for him',
    steps: steps(`
      1: begin
      2: begin
      1: lock table test in row exclusive mode
      2: lock table test in share mode
      1: lock table test in share row exclusive mode
      1: commit
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'a row that the snapshot does not see stands in the way of ON CONFLICT DO NOTHING',
    steps: steps(`
      1: begin isolation level repeatable read
      2: begin isolation level read committed
      1: select count(*) from test
      2: select count(*) from test
      3: insert into test values (3, 30)
      1: insert into test values (3, 31) on conflict do nothing
      2: insert into test values (3, 32) on conflict do nothing
      1: rollback
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'a rollback to a savepoint takes a row lock back to what it was',
    steps: steps(`
      1: begin
      2: begin
      1: select id from test where id = 1 for share
      1: savepoint s
      1: update test set value = 11 where id = 1
      1: rollback to s
      2: select id from test where id = 1 for share
      2: commit
      1: commit`),
    outcome: TABLE,
  },
  ...[
    'update test set value = (select v from names where k = value) where id = 1',
    'update test set (value) = (select v from names where k = value) where value <> all (select v from names)',
    'update test set value = 0 where value > (select avg(v) / 10 - 5 from names where k <= value) returning id, value, (select max(v) from names where k > id)',
    'select id, value, (select v from names where k = value) from test order by id for update',
    'select * from test where value <> (select v - 100 from names where k = value) or (select v from names where k = value) is null for no key update',
    'select t.*, (select max(v) from names where k <= t.value) from test t where t.value <> all (select v from names) for share',
    'delete from test where not exists (select from names where k = value) and id < 2',
    'delete from test where value = (select max(k) from names where v <= value * 10) returning *, (select v from names where k = value)',
  ].flatMap((statement) => [11, 12].map((value) => whileChanged(statement, value))),
  ...[
    'update test set value = value + 1000 where exists (select from names where k = value)',
    'update test set value = value + (select count(*) from test other where other.value < test.value) where value in (select k from names)',
    'delete from test where value in (select k from names)',
  ].map((statement) => whileChanged(statement, 12)),
];

/**
 * PostgreSQL makes joins of these, keeps the partner that it had found for a row's old state, and passes the row over as the two no longer match. Here the newest state finds
 * a partner of its own.
 */
export const OTHER_PARTNERS: ReadonlyArray<{ readonly scenario: Scenario; readonly outcome: string }> = [
  {
    scenario: whileChanged('update test set value = value + 1000 where exists (select from names where k = value)', 11),
    outcome: '[[1,1011],[2,1020]]',
  },
  { scenario: whileChanged('delete from test where value in (select k from names)', 11), outcome: '[]' },
];

/** Row 1 gets another value while a statement waits for it whose subqueries read that. */
function whileChanged(statement: string, value: number): Scenario {
  return {
    name: `${statement}, while the value becomes ${value}`,
    setup: [
      'create table names (k int primary key, v int)',
      'insert into names values (10, 100), (11, 110), (20, 200)',
    ],
    steps: steps(`
      1: begin
      1: update test set value = ${value} where id = 1
      2: ${statement}
      1: commit`),
    outcome: TABLE,
  };
}
