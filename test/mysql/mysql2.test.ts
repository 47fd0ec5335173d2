import { type Connection, type ConnectionOptions, createConnection, type RowDataPacket } from 'mysql2/promise';
import { makeCertificate } from '../harness/certificate.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

/** Types of MySQL's that there are here, with a value each and what the driver makes of it. */
const TYPES: ReadonlyArray<readonly [type: string, given: unknown, seen: unknown]> = [
  ['boolean', true, 1],
  ['smallint', -32_768, -32_768],
  ['int(11)', 2_147_483_647, 2_147_483_647],
  ['bigint', '9223372036854775807', '9223372036854775807'],
  ['decimal(12,4)', '-99999999.9999', '-99999999.9999'],
  ['float', 1.5, 1.5],
  ['double', 0.1, 0.1],
  ['char(5)', 'ab', 'ab'],
  ['varchar(20)', 'zwölf 🐘', 'zwölf 🐘'],
  ['text', "quote ' and \\ back\nline", "quote ' and \\ back\nline"],
  ['blob', Buffer.from([0, 255, 16]), Buffer.from([0, 255, 16])],
  ['date', '2024-02-29', '2024-02-29'],
  ['time', '12:34:56.789012', '12:34:56.789012'],
  ['datetime', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789012'],
  ['timestamp', '1999-12-31 23:59:59', '1999-12-31 23:59:59'],
];

describe('mysql2', () => {
  const scratch = temporaryDirectory('mysql');
  let node: PolylogNode;
  const options = (more: ConnectionOptions = {}): ConnectionOptions => ({
    host: node.host,
    port: node.mysqlPort,
    user: node.user,
    password: node.password,
    database: 'public',
    dateStrings: true,
    supportBigNumbers: true,
    ...more,
  });

  beforeAll(async () => {
    const { key, cert } = makeCertificate(scratch.path);
    node = await startPolylog({ flags: ['--tls-cert', cert, '--tls-key', key] });
  }, 60_000);

  afterAll(async () => {
    await node?.remove();
    scratch.remove();
  });

  const connected = async <T>(run: (c: Connection) => Promise<T>, more: ConnectionOptions = {}): Promise<T> => {
    const connection = await createConnection(options(more));
    try {
      return await run(connection);
    } finally {
      await connection.end();
    }
  };

  it.each([
    ['in clear', {}],
    ['by TLS', { ssl: { rejectUnauthorized: false } }],
  ])('stores and reads every type %s, in texts and in prepared statements', async (how, more) => {
    await connected(async (connection) => {
      const table = how === 'in clear' ? 'types_clear' : 'types_tls';
      const columns = TYPES.map(([type], i) => `c${i} ${type}`);
      await connection.query(`create table ${table} (id int auto_increment primary key, ${columns.join(', ')})`);
      const names = TYPES.map((_, i) => `c${i}`).join(', ');
      const marks = TYPES.map(() => '?').join(', ');
      const given = TYPES.map(([, value]) => value);
      const insert = `insert into ${table} (${names}) values (${marks})`;
      const [first] = await connection.execute(insert, given as never[]);
      expect(first).toMatchObject({ affectedRows: 1, insertId: 1 });
      await connection.execute(
        insert,
        TYPES.map(() => null),
      );
      const expected = [TYPES.map(([, , seen]) => seen), TYPES.map(() => null)];
      const select = `select ${names} from ${table} order by id`;
      for (const rows of [(await connection.query(select))[0], (await connection.execute(select))[0]])
        expect((rows as RowDataPacket[]).map((row) => Object.values(row))).toEqual(expected);
    }, more);
  });

  it('refuses a wrong password with 1045 and an unknown database with 1049', async () => {
    await expect(connected(() => Promise.resolve(), { password: 'wrong' })).rejects.toMatchObject({ errno: 1045 });
    await expect(connected(() => Promise.resolve(), { database: 'nowhere' })).rejects.toMatchObject({ errno: 1049 });
  });

  it('lets a user in by the password that the other protocol knows', async () => {
    await connected((connection) => connection.query("create user ann with password 'one for both'"));
    const rows = await connected((c) => c.query('select current_user()'), { user: 'ann', password: 'one for both' });
    expect(rows[0]).toEqual([{ 'current_user()': 'ann@%' }]);
  });

  it('keeps a transaction when one of its statements fails', async () => {
    await connected(async (connection) => {
      await connection.query('create table kept (id int primary key)');
      await connection.beginTransaction();
      await connection.execute('insert into kept values (?)', [1]);
      await expect(connection.execute('insert into kept values (?)', [1])).rejects.toMatchObject({
        errno: 1062,
        sqlState: '23000',
      });
      await expect(connection.query('select nothing from kept')).rejects.toMatchObject({ errno: 1054 });
      await connection.query('insert into kept values (2)');
      await connection.commit();
      expect((await connection.query('select id from kept order by id'))[0]).toEqual([{ id: 1 }, { id: 2 }]);
      await connection.query('set autocommit = 0');
      await connection.query('delete from kept');
      await connection.rollback();
      expect((await connection.query('select count(*) as n from kept'))[0]).toEqual([{ n: 2 }]);
    });
  });

  it('undoes what fails alone, and keeps what was done before and behind it', async () => {
    await connected(async (connection) => {
      await connection.query('create table alone (id int primary key, n int)');
      await connection.beginTransaction();
      await connection.query('insert into alone values (1, 1)');
      await connection.query('savepoint here');
      await connection.query('update alone set n = 2');
      await expect(connection.query('insert into alone values (2, 2), (3, 3), (1, 1)')).rejects.toMatchObject({
        errno: 1062,
      });
      await expect(connection.query('rollback to nowhere')).rejects.toMatchObject({ errno: 1305 });
      await expect(connection.execute('select nothing from alone')).rejects.toMatchObject({ errno: 1054 });
      expect((await connection.query('select id, n from alone order by id'))[0]).toEqual([{ id: 1, n: 2 }]);
      await connection.query('rollback to here');
      await connection.query('insert into alone values (4, 4)');
      await connection.commit();
      expect((await connection.query('select id, n from alone order by id'))[0]).toEqual([
        { id: 1, n: 1 },
        { id: 4, n: 4 },
      ]);
    });
  });

  it('changes the row that an insert meets under any unique key', async () => {
    await connected(async (connection) => {
      await connection.query('create table met (id int primary key, name varchar(9) unique, n int not null)');
      const insert = 'insert into met values (?, ?, 1) on duplicate key update n = met.n + values(n)';
      for (const row of [
        [1, 'a'],
        [1, 'b'],
        [2, 'a'],
      ])
        await connection.execute(insert, row);
      expect((await connection.query('select * from met'))[0]).toEqual([{ id: 1, name: 'a', n: 3 }]);
    });
  });

  it('asks the session anew with each execution', async () => {
    await connected(async (connection) => {
      await connection.query('create table numbered (id int auto_increment primary key, a int)');
      for (const id of [1, 2]) {
        await connection.execute('insert into numbered (a) values (?)', [id]);
        expect((await connection.execute('select last_insert_id() as id'))[0]).toEqual([{ id }]);
      }
    });
  });

  it('takes 0 and 1 for booleans, and no number for a text', async () => {
    await connected(async (connection) => {
      await connection.query('create table flags (id int primary key, flag boolean, name varchar(9))');
      await connection.beginTransaction();
      await connection.query('insert into flags values (1, 1, 5), (2, 0, 6)');
      await connection.query('update flags set flag = ? where flag = 0', [true]);
      expect((await connection.query('select id, flag from flags where flag = 1 order by id'))[0]).toEqual([
        { id: 1, flag: 1 },
        { id: 2, flag: 1 },
      ]);
      await expect(connection.query('select id from flags where name = 5')).rejects.toMatchObject({ errno: 1305 });
      await expect(connection.query('update flags set flag = 7')).rejects.toMatchObject({ errno: 1366 });
      await connection.commit();
      expect((await connection.query('select count(*) as n from flags'))[0]).toEqual([{ n: 2 }]);
    });
  });

  it('keeps integers of any width in their ranges, and makes keys with their table', async () => {
    await connected(async (connection) => {
      await connection.query(
        'create table widths (id int(10) unsigned not null auto_increment, t tinyint(1), u tinyint unsigned, m mediumint, b bigint unsigned, name varchar(20), primary key (id), unique key un (u), key n (name(5), t desc) using btree) engine=InnoDB',
      );
      const insert = 'insert into widths (t, u, m, b, name) values (?, ?, ?, ?, ?)';
      await connection.execute(insert, [-128, 255, 8_388_607, '9223372036854775807', 'a']);
      await connection.query(insert, [127, 0, -8_388_608, 0, 'b']);
      for (const row of [
        [128, 1, 1, 1],
        [1, -1, 1, 1],
        [1, 1, 8_388_608, 1],
        [1, 1, 1, -1],
      ])
        await expect(connection.query(insert, [...row, 'c'])).rejects.toMatchObject({ errno: 1264, sqlState: '22003' });
      const [ignored] = await connection.query('insert ignore into widths (u, name) values (255, 1), (7, 2)');
      expect(ignored).toMatchObject({ affectedRows: 1 });
      expect((await connection.query('select t, u, m from widths where t = 127'))[0]).toEqual([
        { t: 127, u: 0, m: -8_388_608 },
      ]);
      const [columns] = await connection.query<RowDataPacket[]>('show columns from widths');
      expect(columns.map(({ Field, Type, Key }) => [Field, Type, Key])).toEqual([
        ['id', 'int unsigned', 'PRI'],
        ['t', 'tinyint', ''],
        ['u', 'tinyint unsigned', 'UNI'],
        ['m', 'mediumint', ''],
        ['b', 'bigint unsigned', ''],
        ['name', 'varchar(20)', ''],
      ]);
      await connection.query('drop index n on widths');
    });
  });

  it('takes bytes in a text', async () => {
    await connected(async (connection) => {
      await connection.query('create table bytes (b blob)');
      await connection.query('insert into bytes values (?)', [Buffer.from([0, 255, 39])]);
      expect((await connection.query('select b from bytes'))[0]).toEqual([{ b: Buffer.from([0, 255, 39]) }]);
    });
  });

  it('ends what another connection of the same user runs', async () => {
    await connected(async (connection) => {
      const [[row]] = await connection.query<RowDataPacket[]>('/* who */ select connection_id() as id');
      expect(row?.['id']).toBe(connection.threadId);
      const sleeping = connection.query('select pg_sleep(30)');
      const ended = expect(sleeping).rejects.toMatchObject({ errno: 1317 });
      await new Promise((resolve) => setTimeout(resolve, 200));
      await connected((other) => other.query(`kill query ${connection.threadId}`));
      await ended;
      expect((await connection.query('select 1 as one'))[0]).toEqual([{ one: 1 }]);
    });
  });

  it('replaces a row where it can be but one', async () => {
    await connected(async (connection) => {
      await connection.query('create table plain (id int primary key, a int default 5, b int)');
      await connection.query('create table parent (id int primary key, a int)');
      await connection.query(
        'create table child (id int primary key, parent int references parent (id), a int unique)',
      );
      await connection.query('replace into plain values (1, 2, 3)');
      await connection.execute('replace into plain (id, b) values (?, ?)', [1, 4]);
      const [rows] = await connection.query('select * from plain');
      expect(rows).toEqual([{ id: 1, a: 5, b: 4 }]);
      for (const table of ['parent', 'child'])
        await expect(connection.query(`replace into ${table} (id) values (1)`)).rejects.toMatchObject({ errno: 1235 });
    });
  });

  it('changes the first rows of an order, with parameters, and wants a primary key for it', async () => {
    await connected(async (connection) => {
      await connection.query('create table queue (id int primary key, taken int default 0)');
      await connection.query('insert into queue (id) values (3), (1), (2)');
      const [taken] = await connection.execute(
        'update queue set taken = ? where taken = 0 order by id desc limit ?',
        [7, 2],
      );
      expect(taken).toMatchObject({ affectedRows: 2 });
      const [deleted] = await connection.query('delete from queue where taken = 7 order by id limit 1');
      expect(deleted).toMatchObject({ affectedRows: 1 });
      const [rows] = await connection.query('select id, taken from queue order by id');
      expect(rows).toEqual([
        { id: 1, taken: 0 },
        { id: 3, taken: 7 },
      ]);
      await connection.query('create table keyless (a int)');
      await expect(connection.query('delete from keyless limit 1')).rejects.toMatchObject({ errno: 1235 });
    });
  });

  it('refuses what would mean something else here', async () => {
    await connected(async (connection) => {
      for (const sql of ['select 1 & 2', 'create table u (a int zerofill)', 'create table y (a year)', 'select @a'])
        await expect(connection.query(sql)).rejects.toMatchObject({ errno: 1235 });
      await expect(connection.query("set sql_mode = 'ANSI_QUOTES'")).rejects.toMatchObject({ errno: 1231 });
      await expect(connection.query('select 1; select 2')).rejects.toMatchObject({ errno: 1064 });
      await expect(connection.query('selec')).rejects.toMatchObject({ errno: 1064, sqlState: '42000' });
    });
  });

  it('answers several statements of one text, and large values', async () => {
    await connected(
      async (connection) => {
        const [results] = await connection.query("select 1 as a; set names utf8mb4; select 'x' as b");
        expect(results).toMatchObject([[{ a: 1 }], { affectedRows: 0 }, [{ b: 'x' }]]);
        const large = 'ä'.repeat(9_000_000);
        const [rows] = await connection.execute('select cast(? as char) as v', [large]);
        expect((rows as RowDataPacket[])[0]?.['v'] === large).toBe(true);
      },
      { multipleStatements: true },
    );
  });
});
