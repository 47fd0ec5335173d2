import { OP } from '#schemas/link/frames.js';
import { startTestGateway, type TestGateway } from './gateway.suite.js';
import {
  bind,
  close,
  describe_,
  execute,
  fields,
  flush,
  int32,
  message,
  parse,
  query,
  show,
  sync,
  WireClient,
} from './wire-client.suite.js';

let node: TestGateway;
let client: WireClient;
beforeAll(async () => {
  node = await startTestGateway();
});
beforeEach(async () => {
  client = await WireClient.open(node.port);
});
afterEach(() => client.end());
afterAll(async () => {
  await node.close();
  expect(node.bugs).toEqual([]);
});

const executes = () => node.engine.requests.filter((r) => r[0] === OP.execute);

describe('the extended protocol', () => {
  it('answers a prepared statement with one request and one write', async () => {
    expect(await client.ask(parse('s', 'select $1::int4'), describe_('S', 's'), sync)).toBe('1 t T ZI');
    node.engine.requests.length = 0;
    let writes = 0;
    client.socket.on('data', () => writes++);
    expect(await client.ask(bind('', 's', ['42']), execute(), sync)).toBe('2 D C(SELECT 1) ZI');
    expect(writes).toBe(1);
    expect(node.engine.requests.map((r) => r[0])).toEqual([OP.execute]);
  });

  it('reads and writes binary values', async () => {
    client.send(parse('', 'select $1::int4'), bind('', '', [int32(-7)], [1], [1]), describe_('P'), execute(), sync);
    const answer = await client.until('Z');
    expect(show(answer)).toBe('1 2 T D C(SELECT 1) ZI');
    expect(answer[3]?.body).toEqual(Buffer.concat([Buffer.from([0, 1]), int32(4), int32(-7)]));
  });

  it('answers at Flush without a Sync', async () => {
    client.send(parse('', 'select 1'), bind('', '', []), execute(), flush);
    expect(show(await client.until('C'))).toBe('1 2 D C(SELECT 1)');
    expect(await client.ask(sync)).toBe('ZI');
  });

  it('skips to Sync after an error', async () => {
    expect(await client.ask(parse('', 'selec'), bind('', '', []), execute(), query('select 1'), sync)).toBe(
      'E(42601) ZI',
    );
    expect(await client.ask(parse('', 'select 1/0'), bind('', '', []), execute(), parse('', 'select 1'), sync)).toBe(
      '1 2 E(22012) ZI',
    );
    expect(await client.ask(bind('', 'none', []), sync)).toBe('E(26000) ZI');
    expect(await client.ask(execute('none'), sync)).toBe('E(34000) ZI');
    expect(await client.ask(parse('s', 'select 1'), parse('s', 'select 1'), sync)).toBe('1 E(42P05) ZI');
  });

  it('suspends a portal at its row limit and goes on', async () => {
    client.send(parse('', 'select generate_series(1, 5)'), bind('p', '', []), execute('p', 2), flush);
    expect(show(await client.until('s'))).toBe('1 2 D D s');
    expect(await client.ask(execute('p', 2), execute('p'), execute('p'), sync)).toBe(
      'D D s D C(SELECT 1) C(SELECT 0) ZI',
    );
    expect(await client.ask(execute('p'), sync)).toBe('E(34000) ZI');
  });

  it('sends inserts of one group without waiting, and none counts after one that failed', async () => {
    await client.ask(parse('i', 'insert into a values ($1)'), sync);
    node.engine.requests.length = 0;
    const one = (v: string) => [bind('', 'i', [v]), execute()];
    expect(await client.ask(...one('1'), ...one('2'), ...one('3'), sync)).toBe(
      '2 C(INSERT 0 1) 2 C(INSERT 0 1) 2 C(INSERT 0 1) ZI',
    );
    expect(executes().map((r) => r[5])).toEqual([0, 0, 1]);
    expect(await client.ask(...one('1'), ...one('666'), ...one('3'), sync)).toBe('2 C(INSERT 0 1) 2 E(23505) ZI');
    expect(await client.ask(...one('1'), ...one('x'), ...one('3'), sync)).toBe('2 C(INSERT 0 1) E(22P02) ZI');
    expect(await client.ask(...one('1'), sync)).toBe('2 C(INSERT 0 1) ZI');
  });

  it('keeps groups apart that were sent together', async () => {
    await client.ask(parse('i', 'insert into a values ($1)'), sync);
    const one = (v: string) => [bind('', 'i', [v]), execute(), sync];
    client.send(...one('1'), ...one('666'), ...one('x'), ...one('4'));
    expect(show(await client.until('Z', 4))).toBe('2 C(INSERT 0 1) ZI 2 E(23505) ZI E(22P02) ZI 2 C(INSERT 0 1) ZI');
  });

  it('follows a block through pipelined groups', async () => {
    client.send(parse('b', 'begin'), parse('i', 'insert into a values ($1)'), parse('c', 'commit'), sync);
    await client.until('Z');
    client.send(
      bind('', 'b', []),
      execute(),
      sync,
      bind('', 'i', ['1']),
      execute(),
      sync,
      bind('', 'i', ['666']),
      execute(),
      sync,
      bind('', 'c', []),
      execute(),
      sync,
    );
    expect(show(await client.until('Z', 4))).toBe('2 C(BEGIN) ZT 2 C(INSERT 0 1) ZT 2 E(23505) ZE 2 C(ROLLBACK) ZI');
  });

  it('knows empty texts, NoData and closing', async () => {
    expect(await client.ask(parse('', ' ; '), bind('', '', []), describe_('P'), execute(), sync)).toBe('1 2 n I ZI');
    expect(
      await client.ask(parse('', 'insert into a values (1)'), bind('', '', []), describe_('P'), execute(), sync),
    ).toBe('1 2 n C(INSERT 0 1) ZI');
    expect(
      await client.ask(parse('x', 'select 1'), close('S', 'x'), close('P', 'nothing'), bind('', 'x', []), sync),
    ).toBe('1 3 3 E(26000) ZI');
  });

  it('refuses what does not fit', async () => {
    await client.ask(parse('s', 'select $1::int4'), sync);
    expect(await client.ask(bind('', 's', []), sync)).toBe('E(08P01) ZI');
    expect(await client.ask(bind('', 's', ['1'], [0, 0]), sync)).toBe('E(08P01) ZI');
    expect(await client.ask(bind('', 's', ['1'], [7]), sync)).toBe('E(08P01) ZI');
    expect(await client.ask(bind('', 's', ['1'], [], [0, 0]), sync)).toBe('E(08P01) ZI');
    expect(await client.ask(bind('', 's', [Buffer.from([0xff])]), sync)).toBe('E(22021) ZI');
    expect(await client.ask(bind('', 's', [Buffer.from([0])]), sync)).toBe('E(22021) ZI');
    expect(await client.ask(parse('', 'select $1', [999_999]), sync)).toBe('E(42704) ZI');
    expect(await client.ask(parse('', 'select 1; select 2'), sync)).toBe('E(42601) ZI');
    expect(await client.ask(message('F', Buffer.alloc(8)))).toBe('E(0A000) ZI');
    expect(await client.ask(message('D', Buffer.from('X\0')), sync)).toBe('E(08P01) ZI');
  });

  it('retries a stale statement and refuses one whose result has changed', async () => {
    await client.ask(parse('s', 'select $1::int4'), bind('', 's', ['1']), execute(), sync);
    node.engine.stale.add(executes().at(-1)?.[2] as number);
    expect(await client.ask(bind('', 's', ['1']), execute(), sync)).toBe('2 D C(SELECT 1) ZI');
  });

  it('copies in, ignoring a Sync in the middle', async () => {
    client.send(parse('', 'copy t from stdin'), bind('', '', []), execute(), sync);
    expect(show(await client.until('G'))).toBe('1 2 G');
    client.send(message('d', Buffer.from('1\to')), message('d', Buffer.from('ne\n2\ttwo\n')), message('c'));
    expect(show(await client.until('C'))).toBe('C(COPY 2)');
    expect(await client.ask(sync)).toBe('ZI');
  });

  it('ends a session that breaks the protocol, with its reason', async () => {
    client.send(message('y'));
    const [error] = await client.untilClosed();
    expect(fields(error)).toMatchObject({ S: 'FATAL', C: '08P01' });
  });
});

describe('the simple protocol', () => {
  it('runs several statements in one implicit transaction', async () => {
    node.engine.requests.length = 0;
    expect(await client.ask(query('insert into a values (1); select 5; insert into a values (2)'))).toBe(
      'C(INSERT 0 1) T D C(SELECT 1) C(INSERT 0 1) ZI',
    );
    expect(executes().map((r) => r[5])).toEqual([0, 0, 1]);
    expect(await client.ask(query('insert into a values (1); select 1/0; select 2'))).toBe('C(INSERT 0 1) E(22012) ZI');
    expect(await client.ask(query('insert into a values (1); insert into a values (666)'))).toBe(
      'C(INSERT 0 1) E(23505) ZI',
    );
    expect(await client.ask(query('begin; select 1; commit; select 2'))).toBe(
      'C(BEGIN) T D C(SELECT 1) C(COMMIT) T D C(SELECT 1) ZI',
    );
    expect(await client.ask(query(''))).toBe('I ZI');
    expect(await client.ask(query('begin; commit'))).toBe('C(BEGIN) C(COMMIT) ZI');
    expect(await client.ask(query('begin; select 1/0'))).toBe('C(BEGIN) E(22012) ZE');
    expect(await client.ask(query('select 1'))).toBe('E(25P02) ZE');
    expect(await client.ask(query('rollback'))).toBe('C(ROLLBACK) ZI');
    expect(await client.ask(query('select $1'))).toBe('E(42P02) ZI');
  });

  it('stops a COPY at the first bad row and ignores the rest of the data', async () => {
    client.send(query('copy t from stdin'));
    await client.until('G');
    client.send(
      message('d', Buffer.from('1\ta\n')),
      message('d', Buffer.from('bad\n')),
      message('d', Buffer.from('3\tc\n')),
      message('c'),
    );
    expect(show(await client.until('Z'))).toBe('E(22P02) ZI');
    expect(await client.ask(query('select 1'))).toBe('T D C(SELECT 1) ZI');
    client.send(query('begin; copy t from stdin; select 9'));
    await client.until('G');
    client.send(message('d', Buffer.from('666\ta\n')), message('c'));
    expect(show(await client.until('Z'))).toBe('E(23514) ZE');
    expect(await client.ask(query('rollback'))).toBe('C(ROLLBACK) ZI');
    client.send(query('copy t from stdin; select 9'));
    await client.until('G');
    client.send(message('f', Buffer.from('enough\0')));
    expect(show(await client.until('Z'))).toBe('E(57014) ZI');
    client.send(query('copy t from stdin; select 9'));
    await client.until('G');
    client.send(message('c'));
    expect(show(await client.until('Z'))).toBe('C(COPY 0) T D C(SELECT 1) ZI');
    expect(await client.ask(query("copy t from stdin (delimiter 'ab')"))).toBe('E(0A000) ZI');
    expect(await client.ask(query('select 1'))).toBe('T D C(SELECT 1) ZI');
  });

  it('goes on with what came behind Terminate or a closed half', async () => {
    const before = node.engine.openSessions;
    client.send(query('select 1'), message('X'));
    expect(show(await client.untilClosed())).toBe('T D C(SELECT 1) ZI');
    const other = await WireClient.open(node.port);
    other.socket.end(query('select 1'));
    expect(show(await other.untilClosed())).toBe('T D C(SELECT 1) ZI');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(node.engine.openSessions).toBe(before - 1);
  });
});
