/**
 * The change log on Kafka read by somebody who has never heard of Polylog: Confluent's Python client with its registry
 * client and Avro deserializer. Every column must arrive as a value of its type, not as text that needs a key to it.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { psql, targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { projectRoot } from '../harness/project-root.js';
import { pythonWithClients } from '../harness/python.js';

/** A Python value: its type and its text or JSON form. */
type Typed = readonly [type: string, value: unknown];
type Row = Readonly<Record<string, Typed | Readonly<Record<string, Typed>>>>;

interface PlainEvent {
  readonly offset: number;
  readonly name: string;
  readonly event: {
    readonly version: Typed;
    readonly previous: Typed;
    readonly transaction: Typed;
    readonly op: Typed;
    readonly timestamp: Typed;
    readonly row: Row | Typed;
    readonly commit: Typed | { readonly events: Typed };
  };
}

const TABLE = `create table shelf (
  id uuid primary key, flag boolean, small smallint, plain integer, large bigint, price numeric(12,2), exact numeric, near real,
  nearer double precision, note text, code varchar(5), mark char(4), raw bytea, day date, hour time, local timestamp,
  instant timestamptz, span interval, doc json, docb jsonb)`;
const ID = '018f3b5c-7a10-7c3e-9d44-0a1b2c3d4e5f';
/** Two ids that come behind it, but for their last digit. */
const LATER = 'ffffffff-ffff-4fff-8fff-fffffffffff';
const INSERT = `insert into shelf values ('${ID}', true, -7, 8, 9007199254740993, -12345678.90,
  1.000000000000000000000000000000001, 1.5, -2.25, 'grüße 🙂', 'abc', 'xy', '\\x00ff', '1969-02-28', '12:34:56.789012',
  '2024-02-29 01:02:03.000004', '2024-02-29 01:02:03.000004+02', '1 year 2 days 3.5 seconds', '{"a": 1}', '{"b":  [2]}')`;

/** What Python makes of that row. */
const EXPECTED: Row = {
  id: ['UUID', ID],
  flag: ['bool', true],
  small: ['int', -7],
  plain: ['int', 8],
  // Beyond what JSON's numbers can say here; Python printed it whole.
  large: ['int', Number('9007199254740993')],
  price: ['Decimal', '-12345678.90'],
  // Avro's decimal has one scale for all its values and numeric has none: the exact text.
  exact: ['str', '1.000000000000000000000000000000001'],
  near: ['float', 1.5],
  nearer: ['float', -2.25],
  note: ['str', 'grüße 🙂'],
  code: ['str', 'abc'],
  mark: ['str', 'xy'],
  raw: ['bytes', 'AP8='],
  day: ['date', '1969-02-28'],
  hour: ['time', '12:34:56.789012'],
  local: ['datetime', '2024-02-29T01:02:03.000004'],
  instant: ['datetime', '2024-02-28T23:02:03.000004+00:00'],
  span: { months: ['int', 12], days: ['int', 2], micros: ['int', 3_500_000] },
  doc: ['str', '{"a": 1}'],
  docb: ['str', '{"b": [2]}'],
};

async function consume(bootstrap: string, topic: string, registry: string): Promise<PlainEvent[]> {
  const script = join(projectRoot(), 'test', 'acceptance', 'avro-consumer.py');
  const options = { maxBuffer: 64 << 20 };
  const { stdout } = await promisify(execFile)(pythonWithClients(), [script, bootstrap, topic, registry], options);
  const lines = stdout.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as PlainEvent);
}

export interface ConsumerWorld {
  readonly bootstrap: string;
  readonly cluster: string;
  /** The foreign registry that the node is to use; null: its own. */
  readonly registry: string | null;
}

export function avroConsumerSuite(title: string, world: () => Promise<ConsumerWorld>): void {
  describe(title, () => {
    let node: PolylogNode;
    let events: PlainEvent[];
    const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

    beforeAll(async () => {
      const { bootstrap, cluster, registry } = await world();
      const flags = registry === null ? [] : ['--registry', registry];
      node = await startPolylog({ log: `kafka://${bootstrap}/${cluster}`, flags });
      const target = targetOf(node);
      const statements = [
        TABLE,
        INSERT,
        `begin; insert into shelf (id) values ('${LATER}1'), ('${LATER}2'); update shelf set price = 0.05; commit`,
        'alter table shelf add column weight numeric(6,3); alter table shelf rename column note to remark',
        `update shelf set weight = 1.125, remark = 'new' where id = '${ID}'`,
        `delete from shelf where id = '${ID}'`,
      ];
      for (const sql of statements) await psql(target, '-q', '-c', sql);
      const url = registry ?? `http://${node.host}:${node.httpPort}`;
      const all = await consume(bootstrap, `${cluster}.log`, url);
      events = all.filter(({ name }) => name === 'polylog.polylog.public.shelf');
    }, 180_000);

    afterAll(() => node?.remove(), 60_000);

    it('sees every column of a row as a value of its type', () => {
      expect(events[0]?.event.row).toEqual(EXPECTED);
    });

    it('sees what kind of change each version is, and where transactions end', () => {
      const told = events.map(({ event }) => [event.op[1], 'events' in event.commit ? event.commit.events[1] : null]);
      // A transaction's rows stand in the log as it left them: an update, and two inserts that it changed before its commit.
      expect(told).toEqual([
        ['insert', 1],
        ['update', null],
        ['insert', null],
        ['insert', 3],
        ['update', 1],
        ['delete', 1],
      ]);
    });

    it('sees versions, transactions and times as what they are', () => {
      for (const { event } of events) {
        expect(event.version).toEqual(['UUID', UUID]);
        expect(event.transaction).toEqual(['UUID', UUID]);
        expect(event.timestamp[0]).toBe('datetime');
        expect(Math.abs(Date.parse(String(event.timestamp[1])) - Date.now())).toBeLessThan(300_000);
      }
      // An update and a delete name the version that they replace.
      const of = (at: number): PlainEvent['event'] | undefined => events[at]?.event;
      expect(of(5)?.previous).toEqual(of(4)?.version);
      expect(of(0)?.previous).toEqual(['NoneType', null]);
    });

    it('reads old and new shapes of a table beside each other', () => {
      expect(events[4]?.event.row).toEqual(
        expect.objectContaining({ weight: ['Decimal', '1.125'], remark: ['str', 'new'], price: ['Decimal', '0.05'] }),
      );
      expect(events[0]?.event.row).not.toHaveProperty('weight');
    });
  });
}
