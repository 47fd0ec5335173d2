import { type Scenario, steps } from './scenario.js';

const TABLE = ['select id, value from test order by id'];

/**
 * The anomalies that isolation levels are told apart by: Adya, "Weak Consistency" (1999), and Berenson et al., "A Critique of ANSI SQL
 * Isolation Levels" (1995). Each is an interleaving that shows the anomaly where a level allows it.
 */
export const ANOMALIES: readonly Scenario[] = [
  {
    name: 'G0, dirty write',
    steps: steps(`
      1: begin
      2: begin
      1: update test set value = 11 where id = 1
      2: update test set value = 12 where id = 1
      1: update test set value = 21 where id = 2
      1: commit
      2: update test set value = 22 where id = 2
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'G1a, aborted read',
    steps: steps(`
      1: begin
      2: begin
      1: update test set value = 101 where id = 1
      2: select id, value from test order by id
      1: rollback
      2: select id, value from test order by id
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'G1b, intermediate read',
    steps: steps(`
      1: begin
      2: begin
      1: update test set value = 101 where id = 1
      2: select id, value from test order by id
      1: update test set value = 11 where id = 1
      1: commit
      2: select id, value from test order by id
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'G1c, circular information flow',
    steps: steps(`
      1: begin
      2: begin
      1: update test set value = 11 where id = 1
      2: update test set value = 22 where id = 2
      1: select id, value from test where id = 2
      2: select id, value from test where id = 1
      1: commit
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'OTV, observed transaction vanishes',
    steps: steps(`
      1: begin
      2: begin
      3: begin
      1: update test set value = 11 where id = 1
      1: update test set value = 19 where id = 2
      2: update test set value = 12 where id = 1
      1: commit
      3: select value from test where id = 1
      2: update test set value = 18 where id = 2
      3: select value from test where id = 2
      2: commit
      3: select value from test where id = 2
      3: select value from test where id = 1
      3: commit`),
    outcome: TABLE,
  },
  {
    name: 'PMP, predicate-many-preceders, read',
    steps: steps(`
      1: begin
      2: begin
      1: select id, value from test where value = 30
      2: insert into test values (3, 30)
      2: commit
      1: select id, value from test where value % 3 = 0
      1: commit`),
    outcome: TABLE,
  },
  {
    name: 'PMP, predicate-many-preceders, write',
    steps: steps(`
      1: begin
      2: begin
      1: update test set value = value + 10
      2: delete from test where value = 20
      1: commit
      2: select id, value from test order by id
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'P4, lost update',
    steps: steps(`
      1: begin
      2: begin
      1: select value from test where id = 1
      2: select value from test where id = 1
      1: update test set value = 11 where id = 1
      2: update test set value = 11 where id = 1
      1: commit
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'P4, lost update, with a computed value',
    steps: steps(`
      1: begin
      2: begin
      1: update test set value = value + 1 where id = 1
      2: update test set value = value + 1 where id = 1
      1: commit
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'P4, lost update, rows locked while read',
    steps: steps(`
      1: begin
      2: begin
      1: select value from test where id = 1 for update
      2: select value from test where id = 1 for update
      1: update test set value = 11 where id = 1
      1: commit
      2: update test set value = 12 where id = 1
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'P4C, lost update through a cursor',
    steps: steps(`
      1: begin
      2: begin
      1: declare c cursor for select id, value from test where id = 1 for update
      1: fetch c
      2: update test set value = 12 where id = 1
      1: update test set value = 11 where id = 1
      1: commit
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'G-single, read skew',
    steps: steps(`
      1: begin
      2: begin
      1: select value from test where id = 1
      2: select value from test where id = 1
      2: select value from test where id = 2
      2: update test set value = 12 where id = 1
      2: update test set value = 18 where id = 2
      2: commit
      1: select value from test where id = 2
      1: commit`),
    outcome: TABLE,
  },
  {
    name: 'G-single, read skew by a predicate',
    steps: steps(`
      1: begin
      2: begin
      1: select id, value from test where value % 5 = 0 order by id
      2: update test set value = 12 where value = 10
      2: commit
      1: select id, value from test where value % 3 = 0 order by id
      1: commit`),
    outcome: TABLE,
  },
  {
    name: 'G-single, read skew with a write by a predicate',
    steps: steps(`
      1: begin
      2: begin
      1: select value from test where id = 1
      2: select id, value from test order by id
      2: update test set value = 12 where id = 1
      2: update test set value = 18 where id = 2
      2: commit
      1: delete from test where value = 20
      1: commit`),
    outcome: TABLE,
  },
  {
    name: 'G2-item, write skew',
    steps: steps(`
      1: begin
      2: begin
      1: select id, value from test where id in (1, 2) order by id
      2: select id, value from test where id in (1, 2) order by id
      1: update test set value = 11 where id = 1
      2: update test set value = 21 where id = 2
      1: commit
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'G2, anti-dependency cycle by a predicate',
    steps: steps(`
      1: begin
      2: begin
      1: select id, value from test where value % 3 = 0
      2: select id, value from test where value % 3 = 0
      1: insert into test values (3, 30)
      2: insert into test values (4, 42)
      1: commit
      2: commit`),
    outcome: TABLE,
  },
  {
    name: "G2, Fekete's read-only anomaly",
    steps: steps(`
      1: begin
      2: begin
      1: select id, value from test order by id
      2: update test set value = value + 5 where id = 2
      2: commit
      3: begin
      3: select id, value from test order by id
      3: commit
      1: update test set value = 0 where id = 1
      1: commit`),
    outcome: TABLE,
  },
  {
    name: 'phantom by an insert into a range',
    steps: steps(`
      1: begin
      2: begin
      1: select count(*) from test where id > 1
      2: insert into test values (5, 50)
      2: commit
      1: select count(*) from test where id > 1
      1: insert into test values (6, 60)
      1: commit`),
    outcome: TABLE,
    stricter: { ends: { 1: '40001', 2: 'commit' }, outcome: ['[[1,10],[2,20],[5,50]]'] },
  },
  {
    name: 'phantom by an aggregate that both write from',
    setup: ['create table sums (who int primary key, total bigint)'],
    steps: steps(`
      1: begin
      2: begin
      1: insert into sums select 1, sum(value) from test
      2: insert into sums select 2, sum(value) from test
      1: insert into test values (3, 30)
      2: insert into test values (4, 40)
      1: commit
      2: commit`),
    outcome: [...TABLE, 'select who, total from sums order by who'],
  },
  {
    name: 'an update that finds the row deleted',
    steps: steps(`
      1: begin
      2: begin
      1: delete from test where id = 1
      2: update test set value = 12 where id = 1
      1: commit
      2: select id, value from test order by id
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'an update whose row no longer matches',
    steps: steps(`
      1: begin
      2: begin
      1: update test set value = 99 where id = 1
      2: update test set value = 12 where value = 10
      1: commit
      2: select id, value from test order by id
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'the waiting writer goes on when the first rolls back',
    steps: steps(`
      1: begin
      2: begin
      1: update test set value = 99 where id = 1
      2: update test set value = value + 1 where id = 1
      1: rollback
      2: commit`),
    outcome: TABLE,
  },
  {
    name: 'own writes are seen, and gone after a savepoint is rolled back',
    steps: steps(`
      1: begin
      1: update test set value = 11 where id = 1
      1: savepoint s
      1: update test set value = 12 where id = 1
      1: insert into test values (7, 70)
      1: select id, value from test order by id
      1: rollback to savepoint s
      1: select id, value from test order by id
      2: update test set value = 21 where id = 2
      1: commit`),
    outcome: TABLE,
    stricter: { ends: { 1: '40001' }, outcome: ['[[1,10],[2,21]]'] },
  },
  {
    name: 'a read-only transaction beside two writers is no danger',
    steps: steps(`
      1: begin
      2: begin
      3: begin read only
      3: select id, value from test order by id
      1: update test set value = 11 where id = 1
      2: update test set value = 21 where id = 2
      1: commit
      2: commit
      3: select id, value from test order by id
      3: commit`),
    outcome: TABLE,
  },
];
