import fc from 'fast-check';
import type { Commit, LogEvent, RowVersion, ServerLease } from '#schemas/events/event.js';
import type { ObjectId, Offset, ServerId, VersionId } from '#schemas/kernel/brand.js';
import { type AssembledTransaction, Assembler, type EventSpill } from './assembler.js';

const START_MS = 1_700_000_000_000;

/** A version id of a time, as the mint makes them. */
function idAt(ms: number, n: number): VersionId {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}` as VersionId;
}

const commitOf = (events: number, epoch = 0): Commit => ({ epoch, snapshot: 0 as Offset, events, reads: [] });

function rowEvent(transaction: VersionId, server: number, sequence: number, commit: Commit | null): RowVersion {
  return {
    kind: 'row',
    table: 20_000 as ObjectId,
    schemaVersion: 1,
    key: `${transaction}/${sequence}`,
    version: transaction,
    previous: null,
    server: server as ServerId,
    transaction,
    sequence,
    op: 'insert',
    row: [],
    before: null,
    claims: [],
    consistency: 'strict',
    timestamp: START_MS * 1_000,
    uncertainty: 0,
    commit,
  };
}

function commitEvent(transaction: VersionId, server: number, events: number, epoch: number): LogEvent {
  const commit = commitOf(events, epoch);
  return { kind: 'commit', server: server as ServerId, transaction, timestamp: 0, uncertainty: 0, commit };
}

function lease(action: ServerLease['action'], server: number, epoch: number, ms: number): ServerLease {
  return { kind: 'lease', action, server: server as ServerId, epoch, holder: 'h', timestamp: ms * 1_000 };
}

class MemorySpill implements EventSpill {
  readonly kept = new Map<VersionId, RowVersion[]>();
  largest = 0;

  put(transaction: VersionId, events: readonly RowVersion[]): void {
    this.kept.set(transaction, [...(this.kept.get(transaction) ?? []), ...events]);
    this.largest = Math.max(this.largest, events.length);
  }
  get(transaction: VersionId): Iterable<RowVersion> {
    return this.kept.get(transaction) ?? [];
  }
  drop(transaction: VersionId): void {
    this.kept.delete(transaction);
  }
}

interface Seen {
  readonly transaction: VersionId;
  readonly epoch: number;
  readonly offset: number;
  readonly keys: readonly string[];
}

function takeAll(assembler: Assembler, events: readonly LogEvent[]): Seen[] {
  const seen: Seen[] = [];
  events.forEach((event, offset) => {
    const done: AssembledTransaction | null = assembler.take(offset as Offset, event);
    if (done === null) return;
    const { transaction, epoch } = done;
    seen.push({ transaction, epoch, offset: done.offset, keys: Array.from(done.events, ({ key }) => key) });
  });
  return seen;
}

/** What one process does with its server id, one step after the other; steps of several are mixed into one log. */
interface Step {
  readonly server: number;
  readonly kind:
    | 'open'
    | 'event'
    | 'commit'
    | 'bare commit'
    | 'short commit'
    | 'take'
    | 'fence'
    | 'late'
    | 'late and new';
}

const step = fc.record<Step>({
  server: fc.integer({ min: 1, max: 3 }),
  kind: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Step['kind']>('open') },
    { weight: 8, arbitrary: fc.constant<Step['kind']>('event') },
    { weight: 3, arbitrary: fc.constant<Step['kind']>('commit') },
    { weight: 2, arbitrary: fc.constant<Step['kind']>('bare commit') },
    fc.constant<Step['kind']>('short commit'),
    fc.constant<Step['kind']>('take'),
    fc.constant<Step['kind']>('fence'),
    fc.constant<Step['kind']>('late'),
    fc.constant<Step['kind']>('late and new'),
  ),
});

interface Process {
  epoch: number;
  live: boolean;
  open: { id: VersionId; keys: string[] } | null;
  /** The transaction that was open when the last term ended: a late record of it may still come. */
  lost: VersionId | null;
}

/** Writes the log of the steps, and says by the plain rules what it comes to. */
function logOf(steps: readonly Step[]): { events: LogEvent[]; expected: Seen[] } {
  const events: LogEvent[] = [];
  const expected: Seen[] = [];
  const processes = new Map<number, Process>();
  let clock = START_MS;
  steps.forEach(({ server, kind }, i) => {
    clock += 2;
    const process = processes.get(server) ?? { epoch: 0, live: true, open: null, lost: null };
    processes.set(server, process);
    const { open } = process;
    const offset = events.length;
    const write = (event: LogEvent): void => void events.push(event);
    const end = (epoch: number, live: boolean): void => {
      process.lost = open?.id ?? process.lost;
      Object.assign(process, { epoch, live, open: null });
    };
    if (kind === 'take') {
      write(lease('taken', server, process.epoch + 1, clock));
      end(process.epoch + 1, true);
    } else if (kind === 'fence') {
      write(lease(i % 2 ? 'fenced' : 'released', server, process.epoch, clock));
      end(process.epoch, false);
    } else if (kind === 'late') {
      if (process.lost !== null && process.epoch > 0)
        write(rowEvent(process.lost, server, 0, commitOf(1, process.epoch - 1)));
    } else if (kind === 'late and new') {
      // Begun by the holder of an earlier term that has not heard yet that it is over.
      if (process.epoch > 0) write(rowEvent(idAt(clock, i), server, 0, commitOf(1, process.epoch - 1)));
    } else if (open === null) {
      const id = idAt(clock, i);
      const keys = [`${id}/0`];
      if (kind === 'commit') {
        write(rowEvent(id, server, 0, commitOf(1, process.epoch)));
        if (process.live) expected.push({ transaction: id, epoch: process.epoch, offset, keys });
      } else if (process.live) {
        write(rowEvent(id, server, 0, null));
        process.open = { id, keys };
      }
    } else if (kind === 'bare commit') {
      write(commitEvent(open.id, server, open.keys.length, process.epoch));
      expected.push({ transaction: open.id, epoch: process.epoch, offset, keys: open.keys });
      process.open = null;
    } else if (kind === 'short commit') {
      // Some of its events never reached the log.
      write(commitEvent(open.id, server, open.keys.length + 1, process.epoch));
      process.open = null;
    } else {
      const last = kind === 'commit' ? commitOf(open.keys.length + 1, process.epoch) : null;
      const event = rowEvent(open.id, server, open.keys.length, last);
      write(event);
      open.keys.push(event.key);
      if (last !== null) {
        expected.push({ transaction: open.id, epoch: process.epoch, offset, keys: open.keys });
        process.open = null;
      }
    }
  });
  return { events, expected };
}

describe('Assembler', () => {
  it('puts mixed transactions together, in the order of their commits, without those whose term was over', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const { events, expected } = logOf(steps);
        expect(takeAll(new Assembler(), events)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('comes to the same with a spill, holds no more than it may, and leaves nothing behind', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), fc.integer({ min: 1, max: 5 }), (steps, eventsMax) => {
        const { events } = logOf(steps);
        const spill = new MemorySpill();
        const assembler = new Assembler({ spill, eventsMax });
        expect(takeAll(assembler, events)).toEqual(takeAll(new Assembler(), events));
        expect(spill.largest).toBeLessThanOrEqual(eventsMax);
        // One more of each server's life: nothing is open then.
        for (const server of [1, 2, 3]) assembler.take(0 as Offset, lease('fenced', server, 1_000, START_MS));
        expect(assembler.pending).toBe(0);
        expect(spill.kept.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('lets events be gone through twice', () => {
    const assembler = new Assembler({ spill: new MemorySpill(), eventsMax: 2 });
    const id = idAt(START_MS, 1);
    for (let i = 0; i < 5; i++) assembler.take(i as Offset, rowEvent(id, 1, i, null));
    const done = assembler.take(5 as Offset, commitEvent(id, 1, 5, 0));
    const sequences = (): number[] => Array.from(done?.events ?? [], ({ sequence }) => sequence);
    expect(sequences()).toEqual([0, 1, 2, 3, 4]);
    expect(sequences()).toEqual([0, 1, 2, 3, 4]);
  });

  it('does not take a term for over when its lease is renewed, or its taking is written twice', () => {
    const assembler = new Assembler();
    const id = idAt(START_MS + 5, 1);
    assembler.take(0 as Offset, lease('taken', 1, 1, START_MS));
    assembler.take(1 as Offset, rowEvent(id, 1, 0, null));
    assembler.take(2 as Offset, lease('renewed', 1, 1, START_MS + 10));
    assembler.take(3 as Offset, lease('taken', 1, 1, START_MS + 11));
    assembler.take(4 as Offset, lease('fenced', 1, 0, START_MS + 12));
    expect(assembler.take(5 as Offset, commitEvent(id, 1, 1, 1))).not.toBeNull();
  });
});
