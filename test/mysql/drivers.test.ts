import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expectSame } from '../drivers/compare.js';
import { MYSQL_BYTES, MYSQL_CASES } from '../drivers/mysql-cases.js';
import { CONNECTOR_J, MYSQL2, PYMYSQL } from '../drivers/mysql-known-differences.js';
import { observeMysql2 } from '../drivers/mysql2.js';
import { environmentOf, type Observations, type Server } from '../drivers/server.js';
import { makeCertificate } from '../harness/certificate.js';
import { javaAtLeast } from '../harness/java.js';
import { jdbcClassPath } from '../harness/jdbc-drivers.js';
import { hasMariadb, type Mariadb, startMariadb } from '../harness/mariadb.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { projectRoot } from '../harness/project-root.js';
import { pythonWithClients } from '../harness/python.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

const PROGRAMS = join(projectRoot(), 'test', 'drivers');
const run = promisify(execFile);

async function observePymysql(server: Server, tls: boolean): Promise<Observations> {
  const marked = [
    ...MYSQL_CASES.map((each) => ({ ...each, bytes: false })),
    ...MYSQL_BYTES.map((each) => ({ ...each, bytes: true })),
  ];
  const settings = { DRIVER_CASES: JSON.stringify(marked), DRIVER_TLS: tls ? '1' : '0' };
  const env = { ...process.env, ...environmentOf(server), ...settings };
  const { stdout } = await run(pythonWithClients(), [join(PROGRAMS, 'pymysql-client.py')], { env });
  return JSON.parse(stdout);
}

/** The cases as lines: type, and the texts behind tabs. */
function casesFile(folder: string): string {
  const path = join(folder, 'cases.tsv');
  const escaped = (text: string): string =>
    text.replaceAll('\\', '\\b').replaceAll('\t', '\\t').replaceAll('\n', '\\n');
  const lines = [...MYSQL_CASES, ...MYSQL_BYTES].map(({ type, texts }) => [type, ...texts.map(escaped)].join('\t'));
  writeFileSync(path, lines.join('\n'));
  return path;
}

/** `prepared`: whether statements are prepared by the server, or by the driver. */
async function observeConnectorJ(
  server: Server,
  tls: boolean,
  prepared: boolean,
  cases: string,
): Promise<Observations> {
  const secrecy = tls ? 'sslMode=REQUIRED' : 'sslMode=DISABLED&allowPublicKeyRetrieval=true';
  const { host, port, user, password, database } = server;
  const url = `jdbc:mysql://${host}:${port}/${database}?${secrecy}&useServerPrepStmts=${prepared}&connectionTimeZone=UTC`;
  const flags = [
    '-Duser.timezone=Europe/Berlin',
    '-Dfile.encoding=UTF-8',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    jdbcClassPath('connector-j'),
  ];
  const program = join(PROGRAMS, 'ConnectorJClient.java');
  const { stdout } = await run(javaAtLeast(17), [...flags, program, url, user, password, cases]);
  return Object.fromEntries(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' => ') as [string, string]),
  );
}

const suite = !hasMariadb() ? describe.skip : describe;

suite('drivers of MySQL see what they see of MariaDB (skipped without mariadb-server-core)', () => {
  const scratch = temporaryDirectory('mysql-drivers');
  let node: PolylogNode;
  let oracle: Mariadb;
  let cases: string;

  beforeAll(async () => {
    const tls = makeCertificate(scratch.path);
    cases = casesFile(scratch.path);
    const flags = ['--tls-cert', tls.cert, '--tls-key', tls.key];
    [node, oracle] = await Promise.all([startPolylog({ flags }), startMariadb({ tls })]);
  }, 120_000);

  afterAll(async () => {
    await oracle?.stop();
    await node?.remove();
    scratch.remove();
  }, 60_000);

  /** What each program saw of the oracle, once: whether the connection is secret changes nothing in it. */
  const expected = new Map<string, Observations>();
  const compare = async (
    name: string,
    known: Readonly<Record<string, RegExp>>,
    observe: (server: Server) => Promise<Observations>,
  ): Promise<void> => {
    const theirs = expected.get(name) ?? (await observe(oracle));
    expected.set(name, theirs);
    expect(Object.keys(theirs).length).toBeGreaterThan(50);
    expectSame(await observe({ ...node, port: node.mysqlPort, database: 'public' }), theirs, known);
  };
  const ways = [
    ['in clear', false],
    ['by TLS', true],
  ] as const;

  it.each(ways)('mysql2 %s', (_, tls) => compare('mysql2', MYSQL2, (s) => observeMysql2(s, tls)), 120_000);
  it.each(ways)('PyMySQL %s', (_, tls) => compare('pymysql', PYMYSQL, (s) => observePymysql(s, tls)), 120_000);
  it.each([
    ['in clear', false, false],
    ['by TLS', true, false],
    ['by TLS, statements prepared by the server', true, true],
  ])(
    'Connector/J %s',
    (_, tls, prepared) =>
      compare(`connector-j ${prepared}`, CONNECTOR_J, (s) => observeConnectorJ(s, tls, prepared, cases)),
    180_000,
  );
});
