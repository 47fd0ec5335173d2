import { parseText } from '../../sql/parse-text.js';
import { dialect } from './dialect.js';

const parsed = (text: string) => parseText(text, dialect, false)[0]?.statement;

describe('the MySQL dialect', () => {
  it('finds names in any case, however they are written', () => {
    expect(parsed('select `A` from `Shop`.`Item`')).toEqual(parsed('select a from shop.item'));
  });

  it('reads strings in both quotes with backslash escapes', () => {
    const value = (text: string) => JSON.stringify(parsed(`select ${text}`)).match(/"value":("(?:[^"\\]|\\.)*")/)?.[1];
    expect(value(String.raw`"a\"b"`)).toBe(JSON.stringify('a"b'));
    expect(value(String.raw`'a\'b\n\Z\%\q'`)).toBe(JSON.stringify("a'b\n\u001a\\%q"));
    expect(value(`'a' 'b'`)).toBe('"ab"');
  });

  it('takes two dashes for a comment in front of white space only', () => {
    expect(parsed('select a from t where a = 5--3')).toEqual(parsed('select a from t where a = 5- -3'));
    expect(parsed('select 5 -- 3')).toEqual(parsed('select 5'));
  });

  it('lets assignments read what no other one has changed', () => {
    expect(parsed('update t set b = a, a = a + 1')).toMatchObject({ kind: 'update' });
    expect(parsed('insert into t values (1) on duplicate key update a = values(a), b = values(a)')).toMatchObject({
      kind: 'insert',
    });
  });

  it('sorts NULL below everything', () => {
    const nullsFirst = (text: string) => {
      const statement = parsed(text);
      return statement?.kind === 'query' ? statement.query.orderBy.map((item) => item.nullsFirst) : null;
    };
    expect(nullsFirst('select a from t order by a, b desc')).toEqual([true, false]);
  });

  it('takes LIMIT offset, count', () => {
    const statement = parsed('select a from t limit 2, 3');
    expect(statement?.kind === 'query' && [statement.query.offset, statement.query.limit]).toMatchObject([
      { value: 2 },
      { value: 3 },
    ]);
  });

  it('shows as many digits of a quotient as MySQL, and calculates with more', () => {
    const names = (text: string) => JSON.stringify(parsed(text)).match(/mysql_(?:divide|quotient)/g);
    expect(names('select a / b from t')).toEqual(['mysql_divide']);
    expect(names('select round(a / b * c) from t where a / b > c')).toEqual(['mysql_quotient', 'mysql_quotient']);
  });

  it('takes parameters of a quotient for exact numbers', () => {
    const statement = parsed('select a / ? from t');
    const [item] =
      statement?.kind === 'query' && statement.query.body.kind === 'select' ? statement.query.body.items : [];
    expect(item).toMatchObject({
      expression: { arguments: [{ kind: 'column' }, { kind: 'cast', type: { name: ['numeric'] } }] },
    });
  });

  it('reads INSERT … SET as one row', () => {
    expect(parsed('insert into t set a = 1, b = default')).toEqual(
      expect.objectContaining({
        kind: 'insert',
        columns: [
          { name: 'a', token: 4 },
          { name: 'b', token: 8 },
        ],
      }),
    );
  });

  it.each([
    ['a int(11) not null auto_increment primary key', 'int4'],
    ['a datetime', 'timestamp'],
    ['a decimal', 'numeric'],
    ['a varchar(3) character set utf8mb4 collate utf8mb4_bin', 'varchar'],
    ['a longtext', 'text'],
    ['a tinyint(1) not null', 'int2'],
    ['a mediumint unsigned, key (a)', 'int4'],
    ['a int(10) unsigned auto_increment primary key', 'int8'],
    ['a bigint(20) unsigned, unique key aa (a, a), key (a(3) desc) using btree', 'int8'],
  ])('knows the column %s', (column, name) => {
    expect(parsed(`create table t (${column}) engine=InnoDB default charset=utf8mb4`)).toMatchObject({
      columns: [{ type: { name: [name] } }],
    });
  });

  it.each([
    'select a / b + 1 from t',
    'select sum(a / b) from t',
    'select a / b / c from t',
    "select a + interval '1 2' day_hour from t",
    'select now(3)',
    'select ~1',
    'select a ^ 2 from t',
    'select greatest(1, null)',
    "select substr('abc', -1)",
    "select substring('abc' from a) from t",
    "select left('abc', -1)",
    'update t set a = a + 1, b = a',
    'insert into t values (1) on duplicate key update a = 2, b = t.a',
    'create table t (a int zerofill)',
    'create table t (a int unsigned zerofill)',
    'create table t (a decimal(5,2) unsigned)',
    'create table t (a text, fulltext key (a))',
    'select cast(a as unsigned) from t',
    'create table t (a varchar(3) collate utf8mb4_general_ci)',
    'create table t (a int comment "x")',
    'create table t (a int) auto_increment = 5',
    'replace low_priority into t values (1)',
  ])('refuses %s, which would mean something else', (text) => {
    expect(() => parsed(text)).toThrow(expect.objectContaining({ condition: 'feature_not_supported' }));
  });
});
