import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row } from '#schemas/values/value.js';
import type { VisibleRow } from '../rows/reading.js';
import type { EngineTransaction } from './engine-transaction.js';
import { EMAIL_INDEX, NUMBER_INDEX, PEOPLE } from './people.fixture.js';
import { digestOf } from './store-digest.fixture.js';
import { drain, nextTurn, StoreHarness } from './store-harness.fixture.js';
import type { Isolation, Mark, Transaction } from './transaction.js';

/**
 * Random sessions against a model of a few lines: a committed state for each offset, and for each transaction what it wrote. The model does not predict who waits; it checks that whoever goes
 * on was allowed to, and that everybody always sees exactly what his snapshot and his own writes come to.
 */
type State = ReadonlyMap<number, Row>;

interface Model {
  /** Committed states by the offset from which on they are seen. */
  readonly history: Array<{ readonly from: number; readonly state: State }>;
  /** Appended and not yet acknowledged, in order: what each changes. */
  appended: Array<{ readonly session: Session; readonly changes: ReadonlyMap<number, Row | null> }>;
}

interface Session {
  transaction: Transaction;
  isolation: Isolation;
  /** Own changes, newest last, so that marks can cut them. */
  changes: Array<readonly [id: number, row: Row | null]>;
  marks: Array<{ readonly mark: Mark; readonly changes: number }>;
  readAll: State | null;
  busy: Promise<void> | null;
}

const KEYS = 5;
const key = fc.integer({ min: 1, max: KEYS });
const email = fc.option(fc.constantFrom('a', 'b', 'c'), { nil: null });
const session = fc.integer({ min: 0, max: 2 });
const isolation = fc.constantFrom<Isolation>('read committed', 'repeatable read', 'serializable');

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('insert' as const), session, id: key, email, n: fc.nat(3), isolation }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('update' as const),
      session,
      id: key,
      email: fc.option(email, { nil: undefined }),
      n: fc.nat(3),
      isolation,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), session, id: key, isolation }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('move' as const), session, id: key, to: key, isolation }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const), session, isolation }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('mark' as const), session }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('back' as const), session }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('commit' as const), session }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rollback' as const), session }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('hold' as const, 'go' as const, 'fail' as const, 'mend' as const) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('lose-landed' as const, 'lose' as const, 'tell' as const, 'tell' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'flush' as const,
        'flush-away' as const,
        'load' as const,
        'crash' as const,
        'crash-small' as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tear' as const), batches: fc.nat(3) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class World {
  readonly harness: StoreHarness;
  readonly model: Model = { history: [{ from: 0, state: new Map() }], appended: [] };
  sessions: Array<Session | null> = [null, null, null];
  background: Promise<unknown> = Promise.resolve();
  failure: unknown = null;

  constructor(harness: StoreHarness) {
    this.harness = harness;
  }

  get newest(): State {
    return (this.model.history.at(-1) as Model['history'][number]).state;
  }

  /** Committed state and everything appended on top of it. */
  get ahead(): State {
    let state = this.newest;
    for (const { changes } of this.model.appended) state = applied(state, changes);
    return state;
  }

  stateAt(snapshot: number): State {
    let found: State = new Map();
    for (const { from, state } of this.model.history) if (from <= snapshot) found = state;
    return found;
  }

  expected(s: Session): State {
    return applied(this.stateAt(s.transaction.view.snapshot), new Map(s.changes));
  }

  open(step: { session: number; isolation: Isolation }): Session {
    let s = this.sessions[step.session] ?? null;
    if (s === null) {
      s = {
        transaction: this.harness.begin(step.isolation),
        isolation: step.isolation,
        changes: [],
        marks: [],
        readAll: null,
        busy: null,
      };
      this.sessions[step.session] = s;
    }
    return s;
  }

  /** Runs a session's operation until it ends or waits for somebody. */
  async run(s: Session, index: number, operation: () => Promise<void>): Promise<void> {
    let over = false;
    const mark = s.transaction.mark();
    const before = s.changes.length;
    s.busy = operation()
      .catch((error: unknown) => this.refused(s, index, error, mark, before))
      .catch((error: unknown) => {
        this.failure ??= error;
      })
      .finally(() => {
        over = true;
        s.busy = null;
      });
    const { unit } = s.transaction as EngineTransaction;
    for (let turns = 0; !over && !(this.harness.manager.graph.isWaiting(unit) && turns > 3); turns++) {
      // Or for the log: whether a key is taken is not certain before its commit is.
      if (this.harness.logHeld && turns > 100) return;
      await nextTurn();
      if (turns > 20_000) throw new Error('an operation neither ends nor waits');
    }
  }

  /** Some refusals are allowed: then the transaction goes back to the statement's start, or is over. */
  refused(s: Session, index: number, error: unknown, mark: Mark, changes: number): void {
    if (!(error instanceof SqlError)) throw error;
    const allowed = ['unique_violation', 'deadlock_detected', 'serialization_failure'];
    if (!allowed.includes(error.condition)) throw error;
    if (error.condition === 'unique_violation') {
      s.transaction.rollbackTo(mark);
      s.changes.length = changes;
      return;
    }
    s.transaction.rollback();
    if (this.sessions[index] === s) this.sessions[index] = null;
  }
}

function applied(state: State, changes: ReadonlyMap<number, Row | null>): State {
  const next = new Map(state);
  for (const [id, row] of changes) {
    if (row === null) next.delete(id);
    else next.set(id, row);
  }
  return next;
}

const sorted = (state: State): Row[] => [...state.values()].sort((a, b) => (a[0] as number) - (b[0] as number));

/** What a session reads must be what the model says, on every way there is. */
async function checkReads(world: World, s: Session): Promise<void> {
  const t = s.transaction;
  t.beginStatement();
  const expected = world.expected(s);
  const rows = sorted(expected);
  const all = { from: null, to: null };
  expect(await drain(t.scan(PEOPLE, all, false))).toEqual(rows);
  expect(await drain(t.scan(PEOPLE, all, true))).toEqual([...rows].reverse());
  const byNumber = await drain(t.scanIndex(PEOPLE, NUMBER_INDEX, all, false));
  expect(byNumber).toEqual(
    [...rows].sort((a, b) => (a[2] as number) - (b[2] as number) || (a[0] as number) - (b[0] as number)),
  );
  const byEmail = await drain(t.scanIndex(PEOPLE, EMAIL_INDEX, all, true));
  expect(sorted(new Map(byEmail.map((row) => [row[0] as number, row])))).toEqual(rows);
  expect(byEmail).toHaveLength(rows.length);
  const keyOf = world.harness.store.table(PEOPLE);
  for (let id = 1; id <= KEYS; id++) {
    const found = await t.get(PEOPLE, keyOf.keyOf([id, null, 0], 'x' as never));
    expect(found?.row ?? null).toEqual(expected.get(id) ?? null);
  }
  s.readAll ??= world.stateAt(t.view.snapshot);
}

async function seek(world: World, s: Session, id: number): Promise<VisibleRow | null> {
  s.transaction.beginStatement();
  const cursor = s.transaction.scan(PEOPLE, { from: null, to: null }, false);
  s.readAll ??= world.stateAt(s.transaction.view.snapshot);
  for (let batch = await cursor.next(); batch !== null; batch = await cursor.next()) {
    for (const row of batch) if (row.row[0] === id) return row;
  }
  expect(world.expected(s).has(id)).toBe(false);
  return null;
}

/** Finds, locks, and changes a row, as UPDATE and DELETE do. */
async function change(
  world: World,
  s: Session,
  id: number,
  strength: 'update' | 'no-key-update',
  make: (row: Row) => Row | null,
): Promise<void> {
  const seen = await seek(world, s, id);
  if (seen === null) return;
  const outcome = await s.transaction.lock(PEOPLE, seen, strength, 'block');
  const own = new Map(s.changes);
  const newest = own.has(id) ? (own.get(id) ?? null) : (world.ahead.get(id) ?? null);
  if (!('row' in outcome)) {
    expect(newest).toBeNull();
    return;
  }
  // Nobody else may hold what he was given, and what he was given is the newest there is.
  expect(outcome.row.row).toEqual(newest);
  for (const other of world.sessions)
    if (other !== null && other !== s && other.busy === null) expect(new Map(other.changes).has(id)).toBe(false);
  if (s.isolation !== 'read committed') expect(outcome.kind).toBe('locked');
  const row = make(outcome.row.row);
  if (row === null) await s.transaction.delete(PEOPLE, outcome.row);
  else await s.transaction.update(PEOPLE, outcome.row, row);
  if (row === null || row[0] !== id) s.changes.push([id, null]);
  if (row !== null) s.changes.push([row[0] as number, row]);
}

function commit(world: World, index: number): void {
  const s = world.sessions[index] as Session;
  world.sessions[index] = null;
  const changes = new Map(s.changes);
  const entry = { session: s, changes };
  const { unit } = s.transaction as EngineTransaction;
  const appended = s.transaction.commit();
  if (unit.appended && changes.size > 0) world.model.appended.push(entry);
  const leave = (): void => {
    world.model.appended = world.model.appended.filter((other) => other !== entry);
  };
  appended
    .then(
      (offset) => {
        leave();
        if (changes.size === 0) return;
        if (s.isolation === 'serializable' && s.readAll !== null) expect(s.readAll).toEqual(world.newest);
        const state = applied(world.newest, changes);
        const emails = [...state.values()].map((row) => row[1]).filter((e) => e !== null);
        expect(new Set(emails).size).toBe(emails.length);
        world.model.history.push({ from: offset + 1, state });
      },
      (error: unknown) => {
        leave();
        if (
          !(error instanceof SqlError) ||
          !['serialization_failure', 'disk_full', 'io_error'].includes(error.condition)
        )
          throw error;
      },
    )
    .catch((error: unknown) => {
      world.failure ??= error;
    });
}

async function perform(world: World, step: Step): Promise<void> {
  const { harness } = world;
  switch (step.kind) {
    case 'hold':
      return harness.holdLog();
    case 'go':
      return harness.releaseLog();
    case 'fail':
    case 'mend':
      return harness.failLog(step.kind === 'fail');
    case 'lose':
    case 'lose-landed':
      return harness.loseAnswer(step.kind === 'lose-landed');
    case 'tell':
      return harness.tell();
    case 'flush':
    case 'flush-away':
    case 'load':
      return maintain(world, step.kind);
    case 'crash':
    case 'crash-small':
      return crash(world, step.kind === 'crash-small' ? 0 : undefined);
    case 'tear':
      await quiet(world);
      await harness.tornFlush(step.batches);
      return crash(world, undefined);
    default:
  }
  const known = world.sessions[step.session] ?? null;
  if (known?.busy != null) return;
  if (step.kind === 'commit') return known === null ? undefined : commit(world, step.session);
  if (step.kind === 'rollback') {
    known?.transaction.rollback();
    world.sessions[step.session] = null;
    return;
  }
  if (step.kind === 'mark') {
    known?.marks.push({ mark: known.transaction.mark(), changes: known.changes.length });
    return;
  }
  if (step.kind === 'back') {
    const back = known?.marks.pop();
    if (known === null || back === undefined) return;
    known.transaction.rollbackTo(back.mark);
    known.changes.length = back.changes;
    return;
  }
  const s = world.open(step);
  await world.run(s, step.session, () => statement(world, s, step));
}

type Statement = Extract<Step, { kind: 'insert' | 'update' | 'delete' | 'move' | 'read' }>;

async function statement(world: World, s: Session, step: Statement): Promise<void> {
  switch (step.kind) {
    case 'insert': {
      s.transaction.beginStatement();
      const row = [step.id, step.email, step.n];
      await s.transaction.insert(PEOPLE, row);
      s.changes.push([step.id, row]);
      return;
    }
    case 'update':
      return change(world, s, step.id, 'no-key-update', (row) => [
        step.id,
        step.email === undefined ? (row[1] as string | null) : step.email,
        step.n,
      ]);
    case 'move':
      return change(world, s, step.id, 'update', (row) => [step.to, row[1] as string | null, row[2] as number]);
    case 'delete':
      return change(world, s, step.id, 'update', () => null);
    default:
      return checkReads(world, s);
  }
}

function maintain(world: World, kind: 'flush' | 'flush-away' | 'load'): void {
  const { store, checkpointer } = world.harness;
  if (kind === 'load') world.background = Promise.all([world.background, store.complete(store.table(PEOPLE))]);
  else {
    store.limits = { ...store.limits, memoryBytes: kind === 'flush-away' ? 0 : 1 << 30 };
    world.background = Promise.all([world.background, checkpointer.flush()]);
  }
  world.background.catch((error: unknown) => {
    world.failure ??= error;
  });
}

/** Everything but the log and the folder is gone. What was not acknowledged may have reached the log: the log in memory takes it when it is let go. */
async function crash(world: World, memoryBytes: number | undefined): Promise<void> {
  const { harness } = world;
  await quiet(world);
  await leave(world);
  world.model.appended = [];
  await harness.restart(memoryBytes);
  await checkAll(world);
}

/** All appends are answered, and nothing runs in the background. */
async function quiet(world: World): Promise<void> {
  world.harness.failLog(false);
  world.harness.tell();
  world.harness.releaseLog();
  for (let i = 0; i < 5; i++) await nextTurn();
  await world.background;
  for (let i = 0; i < 5; i++) await nextTurn();
}

async function checkAll(world: World): Promise<void> {
  const s: Session = {
    transaction: world.harness.begin(),
    isolation: 'read committed',
    changes: [],
    marks: [],
    readAll: null,
    busy: null,
  };
  await checkReads(world, s);
  s.transaction.rollback();
}

/** Everybody rolls back, also those who have to wait for it until others have. */
async function leave(world: World): Promise<void> {
  await quiet(world);
  while (world.sessions.some((s) => s !== null)) {
    world.sessions.forEach((s, i) => {
      if (s === null || s.busy !== null) return;
      s.transaction.rollback();
      world.sessions[i] = null;
    });
    await nextTurn();
  }
  await quiet(world);
}

async function play(steps: readonly Step[], folder: string): Promise<void> {
  const world = new World(await StoreHarness.start(folder));
  try {
    for (const one of steps) {
      await perform(world, one);
      await nextTurn();
      if (world.failure !== null) throw world.failure;
    }
    await leave(world);
    if (world.failure !== null) throw world.failure;
    await checkAll(world);
    expect(world.harness.store.estimateRows(PEOPLE.id)).toBe(world.newest.size);
    expect(world.harness.manager.active).toBe(0);
    const { durable } = world.harness.manager;
    const live = await digestOf(world.harness.store, durable);
    expect(await digestOf(await world.harness.foldElsewhere(), durable)).toEqual(live);
    await world.harness.restart();
    await checkAll(world);
    expect(await digestOf(world.harness.store, durable)).toEqual(live);
  } finally {
    await world.harness.close();
  }
}

describe('the store', () => {
  it('shows everybody his snapshot and his own writes, through waits, failures, flushes, evictions and crashes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const folder = mkdtempSync(join(tmpdir(), 'polylog-store-'));
        try {
          await play(steps, folder);
        } finally {
          rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
        }
      }),
      { numRuns: Number(process.env.POLYLOG_RUNS ?? 150) },
    );
  }, 120_000);
});
