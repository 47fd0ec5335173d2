import {
  bind,
  execute,
  parse,
  type Received,
  show,
  sync,
  type WireClient,
} from '#gateways/postgres/wire-client.suite.js';
import { query, targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { loggedIn } from './login.js';

const GROUP = 40;
const GROUPS = 20;

describe('a pipeline of inserts while others change the catalog', () => {
  let node: PolylogNode;

  beforeAll(async () => {
    node = await startPolylog();
  }, 180_000);

  afterAll(() => node?.remove());

  /** Sends groups of inserts without waiting for each; answers how many rows were acknowledged. */
  async function insertAll(client: WireClient): Promise<number> {
    client.send(parse('i', 'insert into piped values ($1, $2)'), sync);
    await client.until('Z');
    let acknowledged = 0;
    for (let group = 0; group < GROUPS; group++) {
      const rows = Array.from({ length: GROUP }, (_, i) => String(group * GROUP + i));
      client.send(...rows.flatMap((row) => [bind('', 'i', [row, row]), execute()]), sync);
      const answers: Received[] = await client.until('Z');
      const errors = answers.filter(({ type }) => type === 'E');
      if (errors.length > 0) throw new Error(show(answers));
      acknowledged += answers.filter(({ type }) => type === 'C').length;
    }
    return acknowledged;
  }

  it('inserts each row once', async () => {
    const target = targetOf(node);
    await query(target, 'create table piped (a int, b int)');
    const [writer, changer] = await Promise.all([loggedIn(target), loggedIn(target)]);
    let writing = true;
    const change = async (): Promise<void> => {
      for (let i = 0; writing; i++) {
        const type = i % 2 === 0 ? 'bigint' : 'int';
        changer.send(
          parse('', i % 3 === 0 ? `create table other${i} (a int)` : `alter table piped alter column b type ${type}`),
        );
        changer.send(bind('', '', []), execute(), sync);
        await changer.until('Z');
      }
    };
    const changing = change();
    const acknowledged = await insertAll(writer).finally(() => {
      writing = false;
    });
    await changing;
    writer.end();
    changer.end();
    expect(acknowledged).toBe(GROUP * GROUPS);
    expect(await query(target, 'select count(*), count(distinct a), sum(a - b) from piped')).toEqual([
      `${acknowledged}|${acknowledged}|0`,
    ]);
  }, 180_000);
});
