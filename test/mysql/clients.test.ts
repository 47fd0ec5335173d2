import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { Client } from 'pg';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { runPython } from '../harness/python.js';

const PYTHON = `
import os, pymysql, datetime, decimal
c = pymysql.connect(host='127.0.0.1', port=int(os.environ['PORT']), user='polylog', password=os.environ['SECRET'], database='public')
cur = c.cursor()
cur.execute('create table py (id int auto_increment primary key, n decimal(8,2), d datetime, b blob, t text)')
row = (decimal.Decimal('12.50'), datetime.datetime(2024, 2, 29, 1, 2, 3), b'\\x00\\xff\\\\', "it's \\\\ \\u00e4")
cur.execute('insert into py (n, d, b, t) values (%s, %s, %s, %s)', row[:2] + (None,) + row[3:])
assert cur.lastrowid == 1, cur.lastrowid
c.rollback()
cur.execute('insert into py (n, d, b, t) values (%s, %s, %s, %s)', row[:2] + (None,) + row[3:])
c.commit()
cur.execute('select n, d, t from py')
assert cur.fetchall() == ((row[0], row[1], row[3]),), cur.fetchall()
try:
    cur.execute('insert into py (id) values (2)')
    raise SystemExit('no error')
except pymysql.err.IntegrityError as e:
    assert e.args[0] == 1062, e
c.close()
print('ok')
`;

describe('clients of MySQL', () => {
  let node: PolylogNode;

  beforeAll(async () => {
    node = await startPolylog();
  }, 60_000);

  afterAll(() => node?.remove());

  const run = (program: string, args: readonly string[], input = ''): string => {
    const { status, stdout, stderr } = spawnSync(program, [...args], { encoding: 'utf8', input });
    if (status !== 0) throw new Error(`${program}: ${stdout}${stderr}`);
    return stdout;
  };
  const mariadb = (sql: string): string =>
    run('mariadb', ['-h', node.host, '-P', String(node.mysqlPort), '-u', node.user, `-p${node.password}`, '-N'], sql);

  it('PyMySQL: begins transactions by itself, and knows errors by their numbers', () => {
    expect(runPython(PYTHON, { PORT: String(node.mysqlPort), SECRET: node.password })).toBe('ok\n');
  });

  it('mariadb: what it makes, psql reads and changes', async () => {
    mariadb(
      'CREATE DATABASE `Shop` DEFAULT CHARACTER SET utf8mb4;\nUSE `Shop`;\nCREATE TABLE `Item` (`ItemId` INT NOT NULL AUTO_INCREMENT, `Name` NVARCHAR(40), CONSTRAINT `PK_Item` PRIMARY KEY (`ItemId`)) ENGINE=InnoDB;\nINSERT INTO `Item` (`Name`) VALUES (N\'one\'), ("two"), (NULL); # three\n',
    );
    const { host, postgresPort: port, user, password, database } = node;
    const client = new Client({ host, port, user, password, database });
    await client.connect();
    await client.query("update shop.item set name = 'zwei' where itemid = 2");
    await client.end();
    expect(mariadb('use shop; select * from Item order by Name limit 1, 2')).toBe('1\tone\n2\tzwei\n');
    expect(mariadb('use shop; show tables; describe item')).toBe(
      'item\nitemid\tint\tNO\tPRI\tNULL\tauto_increment\nname\tvarchar(40)\tYES\t\tNULL\t\n',
    );
    mariadb('drop database shop');
  });

  it('sysbench: point selects and writes without an error', () => {
    const where = ['--mysql-host=127.0.0.1', `--mysql-port=${node.mysqlPort}`, '--mysql-user=polylog'];
    const size = ['--tables=1', '--table-size=500', '--threads=2', '--events=200', '--time=30'];
    const flags = ['--db-driver=mysql', ...where, `--mysql-password=${node.password}`, '--mysql-db=public', ...size];
    run('sysbench', [...flags, 'oltp_write_only', 'prepare']);
    for (const test of ['oltp_point_select', 'oltp_write_only'])
      expect(run('sysbench', [...flags, test, 'run'])).toMatch(/transactions: +200 /);
  });

  const answerTo = (bytes: Uint8Array): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const heard: Buffer[] = [];
      const socket = connect(node.mysqlPort, node.host, () => socket.write(bytes));
      socket.on('data', (chunk) => heard.push(chunk));
      socket.on('error', reject);
      socket.on('close', () => resolve(Buffer.concat(heard)));
    });

  it('garbage: answered with an error packet and the end of the connection', async () => {
    for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(64, 0xff), Buffer.from([1, 0, 0, 1, 0])]) {
      const answer = await answerTo(bytes);
      const greeting = 4 + answer.readUIntLE(0, 3);
      expect(answer[greeting + 4]).toBe(0xff);
      expect(answer.toString('latin1', greeting + 7, greeting + 8)).toBe('#');
    }
    expect(mariadb('select 1')).toBe('1\n');
  });
});
