import fc from 'fast-check';
import {
  bind,
  close,
  describe_,
  execute,
  flush,
  message,
  parse,
  query,
  type Received,
  show,
  sync,
} from '#gateways/postgres/wire-client.suite.js';
import { query as ask, type Target, targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedPostgres } from '../harness/shared-servers.js';
import { loggedIn } from './login.js';

/** A message and what to call it in a counterexample. */
interface Step {
  readonly name: string;
  readonly bytes: Buffer;
}

const step = (name: string, ...bytes: readonly Buffer[]): Step => ({ name, bytes: Buffer.concat(bytes) });

/** Statements that every conversation finds prepared. */
const PREPARED: Readonly<Record<string, string>> = {
  s: 'select $1::int4 as x',
  i: 'insert into protocol_rows values ($1)',
  b: 'begin',
  c: 'commit',
  g: 'select generate_series(1, 5)',
};

const parses = ['select 1', 'selec', '', 'select 1; select 2'].map((sql) => step(`P ${sql}`, parse('', sql)));
const known = Object.entries(PREPARED).map(([name, sql]) => step(`P ${name}`, parse(name, sql)));

const run = (portal: string, statement: string, values: readonly string[], rows = 0): Step =>
  step(`B E ${portal}|${statement}|${values} ${rows}`, bind(portal, statement, values), execute(portal, rows));

const runs = ['', 'p'].flatMap((portal) => [
  run(portal, 'i', ['1']),
  run(portal, 'i', ['666']),
  run(portal, 'i', ['x']),
  run(portal, 's', ['1']),
  run(portal, 'b', []),
  run(portal, 'c', []),
  run(portal, 'g', []),
  run(portal, 'g', [], 2),
  step(`E ${portal}`, execute(portal)),
  step(`E ${portal} 2`, execute(portal, 2)),
]);

const others = [
  step('D P', describe_('P')),
  step('D P p', describe_('P', 'p')),
  step('D S s', describe_('S', 's')),
  step('D S b', describe_('S', 'b')),
  step('C S s', close('S', 's')),
  step('C P p', close('P', 'p')),
  step('H', flush),
  step('stray CopyData', message('d', Buffer.from('x'))),
  step('stray CopyDone', message('c')),
];

const queries = [
  'select 1',
  'begin',
  'rollback',
  'commit',
  'selec',
  '',
  'rollback; insert into protocol_rows values (666); select 1',
  'begin; insert into protocol_rows values (1); commit; select 2; insert into protocol_rows values (666)',
].map((sql) => step(`Q ${sql}`, query(sql)));

const end = step('S', sync);
const conversation = fc.array(
  fc.oneof(
    ...[parses, known, others, queries].map((steps) => fc.constantFrom(...steps)),
    fc.constantFrom(...runs),
    fc.constant(end),
  ),
  { minLength: 6, maxLength: 24, size: 'max' },
);

/** Messages and their contents, but for what is the server's own: notices, and the words of an error. */
function visible(received: readonly Received[]): string[] {
  return received
    .filter(({ type }) => type !== 'N')
    .map((one) => (/[EC]/.test(one.type) ? show([one]) : one.type + one.body.toString('hex')));
}

async function talk(target: Target, steps: readonly Step[]): Promise<string[]> {
  const client = await loggedIn(target);
  const prepared = Object.entries(PREPARED).map(([name, sql]) => parse(name, sql));
  client.send(...prepared, sync, ...steps.map(({ bytes }) => bytes), sync, message('X'));
  return visible(await client.untilClosed());
}

describe('messages in any order', () => {
  let node: PolylogNode;
  let servers: readonly [Target, Target];

  beforeAll(async () => {
    const [oracle, started] = await Promise.all([sharedPostgres(), startPolylog()]);
    node = started;
    servers = [oracle, targetOf(node)];
    for (const server of servers)
      await ask(server, 'drop table if exists protocol_rows; create table protocol_rows (v int check (v <> 666))');
  }, 120_000);

  afterAll(() => node?.remove());

  it('are answered as PostgreSQL answers them', async () => {
    await fc.assert(
      fc.asyncProperty(conversation, async (steps) => {
        const [expected, actual] = await Promise.all(servers.map((server) => talk(server, steps)));
        if (JSON.stringify(actual) !== JSON.stringify(expected))
          throw new Error(
            `${steps.map(({ name }) => name).join('; ')}\nPostgreSQL: ${expected?.join(' ')}\nPolylog:    ${actual?.join(' ')}`,
          );
      }),
      { numRuns: 150 },
    );
    // What was sent behind an error was not run in secret either.
    const [theirs, ours] = await Promise.all(
      servers.map((server) => ask(server, 'select count(*) from protocol_rows')),
    );
    expect(ours).toEqual(theirs);
  }, 180_000);
});
