import fc from 'fast-check';
import type { Commit, LogEvent, ReadRange, RowVersion } from '#schemas/events/event.js';
import type { ObjectId, Offset, ServerId, VersionId } from '#schemas/kernel/brand.js';
import { Decider, type DeciderState } from './decider.js';

const START_MS = 1_700_000_000_000;
const SHARED = 20_000 as ObjectId;
const INDEX = 20_001 as ObjectId;
/** A table that one server alone writes, and the others read: what a server has overwritten itself it never reads at its snapshot, its engine sees to that. */
const ownTable = (server: number): ObjectId => (20_010 + server) as ObjectId;

function idAt(ms: number, n: number): VersionId {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}` as VersionId;
}

interface Step {
  readonly server: number;
  readonly kind: 'event' | 'commit' | 'take' | 'release';
  /** How far back the snapshot of a commit lies. */
  readonly age: number;
  readonly key: number;
  readonly own: boolean;
  readonly claim: number | null;
  /** Whose table a commit has read. */
  readonly read: number | null;
}

const step: fc.Arbitrary<Step> = fc.record({
  server: fc.integer({ min: 1, max: 3 }),
  kind: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Step['kind']>('event') },
    { weight: 8, arbitrary: fc.constant<Step['kind']>('commit') },
    { weight: 2, arbitrary: fc.constant<Step['kind']>('take') },
    fc.constant<Step['kind']>('release'),
  ),
  age: fc.integer({ min: 0, max: 15 }),
  key: fc.integer({ min: 0, max: 5 }),
  own: fc.boolean(),
  claim: fc.option(fc.integer({ min: 0, max: 2 })),
  read: fc.option(fc.integer({ min: 1, max: 3 })),
});

const TAKEN: readonly Step[] = [1, 2, 3].map((server) => ({
  server,
  kind: 'take',
  age: 0,
  key: 0,
  own: false,
  claim: null,
  read: null,
}));

interface Server {
  epoch: number;
  live: boolean;
  /** Offset behind its lease. */
  since: number;
  open: { readonly id: VersionId; events: number } | null;
}

/** The log that well-behaved servers write when they do these steps: nobody writes without a lease, or with a snapshot from before it. */
function logOf(steps: readonly Step[]): LogEvent[] {
  const log: LogEvent[] = [];
  const servers = new Map<number, Server>();
  for (const [i, { server: number, kind, age, key, own, claim, read }] of steps.entries()) {
    const ms = START_MS + i * 2;
    const server = servers.get(number) ?? { epoch: 0, live: false, since: 0, open: null };
    servers.set(number, server);
    const id = number as ServerId;
    if (kind === 'take' || (kind === 'release' && server.live)) {
      if (kind === 'take') server.epoch++;
      const action = kind === 'take' ? 'taken' : 'released';
      log.push({ kind: 'lease', action, server: id, epoch: server.epoch, holder: 'h', timestamp: ms * 1_000 });
      Object.assign(server, { live: kind === 'take', since: log.length, open: null });
    }
    if (!server.live || kind === 'take' || kind === 'release') continue;
    server.open ??= { id: idAt(ms, i), events: 0 };
    const { open } = server;
    const reads: ReadRange[] = read === null || read === number ? [] : [{ object: ownTable(read), from: 'b', to: 'e' }];
    const snapshot = Math.max(server.since, log.length - age) as Offset;
    const commit: Commit = { epoch: server.epoch, snapshot, events: open.events + 1, reads };
    log.push(
      rowEvent(
        open.id,
        id,
        open.events++,
        own ? ownTable(number) : SHARED,
        key,
        claim,
        kind === 'commit' ? commit : null,
      ),
    );
    if (kind === 'commit') server.open = null;
  }
  return log;
}

function rowEvent(
  transaction: VersionId,
  server: ServerId,
  sequence: number,
  table: ObjectId,
  key: number,
  claim: number | null,
  commit: Commit | null,
): RowVersion {
  return {
    kind: 'row',
    table,
    schemaVersion: 1,
    key: String.fromCharCode(97 + key),
    version: transaction,
    previous: null,
    server,
    transaction,
    sequence,
    op: 'insert',
    row: [],
    before: null,
    claims: claim === null ? [] : [{ object: INDEX, key: String(claim) }],
    consistency: 'strict',
    timestamp: 0,
    uncertainty: 0,
    commit,
  };
}

/** 'offset verdict' of each decision from `from` on. */
function verdicts(decider: Decider, log: readonly LogEvent[], from: number, to = log.length): string[] {
  const seen: string[] = [];
  for (let offset = from; offset < to; offset++) {
    const decision = decider.take(offset as Offset, log[offset] as LogEvent);
    if (decision !== null) seen.push(`${offset} ${decision.verdict.kind}`);
  }
  return seen;
}

const limits = fc.record({ offsets: fc.integer({ min: 1, max: 40 }), keys: fc.integer({ min: 0, max: 40 }) });

describe('Decider', () => {
  it('comes to the same when it is stopped and goes on from its state, however often', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }).map((steps) => logOf([...TAKEN, ...steps])),
        fc.array(fc.integer({ min: 0, max: 25 }), { maxLength: 6 }),
        limits,
        (log, pieces, certifier) => {
          const once = verdicts(Decider.resume(null, { certifier }), log, 0);
          let decider = Decider.resume(null, { certifier });
          const again: string[] = [];
          let at = 0;
          for (const piece of pieces) {
            const to = Math.min(at + piece, log.length);
            again.push(...verdicts(decider, log, at, to));
            const state = JSON.parse(JSON.stringify(decider.state(to as Offset))) as DeciderState;
            decider = Decider.resume(state, { certifier });
            expect(verdicts(decider, log, state.replayFrom, to)).toEqual([]);
            at = to;
          }
          again.push(...verdicts(decider, log, at));
          expect(again).toEqual(once);
          for (const verdict of once) kinds.add(verdict.split(' ')[1] as string);
        },
      ),
      { numRuns: 1_000 },
    );
    expect(kinds).toEqual(new Set(['commit', 'conflict', 'snapshot-too-old']));
  });

  it('asks for no record again where one server writes alone', () => {
    const steps = Array.from(
      { length: 50 },
      (_, i): Step => ({
        server: 1,
        kind: i === 0 || i === 20 ? 'take' : 'commit',
        age: 3,
        key: i % 6,
        own: false,
        claim: null,
        read: null,
      }),
    );
    const log = logOf(steps);
    const decider = Decider.resume(null);
    verdicts(decider, log, 0);
    expect(decider.state(log.length as Offset)).toMatchObject({ replayFrom: log.length, window: false, refused: [] });
  });
});
