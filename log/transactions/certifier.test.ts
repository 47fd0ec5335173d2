import fc from 'fast-check';
import type { ReadRange } from '#schemas/events/event.js';
import type { ObjectId, Offset, ServerId } from '#schemas/kernel/brand.js';
import { type Candidate, Certifier, type CertifierLimits, certifiedKey, type Verdict } from './certifier.js';

const OBJECT = 7 as ObjectId;
const keyOf = (n: number): string => String.fromCharCode(97 + n);
const written = (n: number): string => certifiedKey(OBJECT, keyOf(n));
const point = (n: number): ReadRange => ({ object: OBJECT, from: keyOf(n), to: `${keyOf(n)}\0` });
const range = (from: number, to: number): ReadRange => ({ object: OBJECT, from: keyOf(from), to: keyOf(to) });

/** A log of candidates: offsets ascend, snapshots lie behind. */
const candidates = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 3 }),
      age: fc.integer({ min: 0, max: 12 }),
      server: fc.integer({ min: 1, max: 3 }),
      epoch: fc.integer({ min: 1, max: 2 }),
      writes: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
      reads: fc.oneof(
        { weight: 2, arbitrary: fc.constant<ReadRange[]>([]) },
        fc.array(
          fc.oneof(
            fc.integer({ min: 0, max: 9 }).map(point),
            fc
              .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }))
              .map(([from, to]) => range(from, to)),
          ),
          { maxLength: 3 },
        ),
      ),
    }),
    { maxLength: 60 },
  )
  .map((list): Candidate[] => {
    let offset = 0;
    return list.map(({ gap, age, server, epoch, writes, reads }) => {
      offset += gap;
      return {
        offset: offset as Offset,
        snapshot: Math.max(0, offset - age) as Offset,
        server: server as ServerId,
        epoch,
        writes: writes.map(written),
        reads,
      };
    });
  });

/** The rule itself, over everything that ever committed. */
function conflicts(candidate: Candidate, committed: readonly Candidate[]): boolean {
  const { snapshot, server, epoch, writes, reads } = candidate;
  const overwritten = writes.some((key) => {
    const last = committed.findLast((other) => other.writes.includes(key));
    return last !== undefined && last.offset >= snapshot && (last.server !== server || last.epoch !== epoch);
  });
  const since = committed.filter(({ offset }) => offset >= snapshot).flatMap((other) => other.writes);
  const isRead = (key: string): boolean =>
    reads.some(({ object, from, to }) => key >= certifiedKey(object, from) && key < certifiedKey(object, to));
  return overwritten || since.some(isRead);
}

function decideAll(certifier: Certifier, list: readonly Candidate[]): Verdict[] {
  return list.map((candidate) => certifier.decide(candidate));
}

const UNBOUNDED: CertifierLimits = { offsets: 1e9, keys: 1e9 };
const limits = fc.record({ offsets: fc.integer({ min: 1, max: 20 }), keys: fc.integer({ min: 0, max: 12 }) });

describe('Certifier', () => {
  it('agrees with the rule applied to everything that ever committed', () => {
    fc.assert(
      fc.property(candidates, (list) => {
        const certifier = new Certifier(UNBOUNDED);
        const committed: Candidate[] = [];
        for (const candidate of list) {
          const verdict = certifier.decide(candidate);
          expect(verdict.kind).toBe(conflicts(candidate, committed) ? 'conflict' : 'commit');
          if (verdict.kind === 'commit') committed.push(candidate);
          else if (verdict.kind === 'conflict') {
            expect(verdict.offset).toBeGreaterThanOrEqual(candidate.snapshot);
            const last = committed.filter(({ writes }) => writes.includes(verdict.key)).at(-1);
            expect(verdict.offset).toBeLessThanOrEqual(last?.offset ?? -1);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('with a bounded window still never lets a conflict through, and refuses as too old only what may be one', () => {
    fc.assert(
      fc.property(candidates, limits, (list, bounds) => {
        const certifier = new Certifier(bounds);
        const committed: Candidate[] = [];
        for (const candidate of list) {
          const { floor } = certifier;
          const verdict = certifier.decide(candidate);
          const conflict = conflicts(candidate, committed);
          if (verdict.kind === 'commit') {
            const known = ({ offset, server, epoch }: Candidate): boolean =>
              offset >= floor || server !== candidate.server || epoch !== candidate.epoch;
            expect(conflicts(candidate, committed.filter(known))).toBe(false);
            committed.push(candidate);
          } else if (verdict.kind === 'conflict') expect(conflict).toBe(true);
          else {
            expect(candidate.snapshot).toBeLessThan(floor);
            const others = ({ offset, server, epoch }: Candidate): boolean =>
              offset >= candidate.snapshot && (server !== candidate.server || epoch !== candidate.epoch);
            expect(committed.some(others)).toBe(true);
          }
          expect(certifier.size).toBeLessThanOrEqual(bounds.keys);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same verdicts for the same prefix, whatever is judged in between', () => {
    fc.assert(
      fc.property(candidates, candidates, limits, (list, asides, bounds) => {
        const disturbed = new Certifier(bounds);
        const verdicts = list.map((candidate, i) => {
          const aside = asides[i];
          if (aside !== undefined) disturbed.judge(aside);
          return disturbed.decide(candidate);
        });
        expect(decideAll(new Certifier(bounds), list)).toEqual(verdicts);
      }),
    );
  });

  it('never calls one server too old, however small the window', () => {
    fc.assert(
      fc.property(candidates, (list) => {
        const alone = list.map((candidate) => ({ ...candidate, server: 1 as ServerId, epoch: 1, reads: [] }));
        const verdicts = decideAll(new Certifier({ offsets: 1, keys: 1 }), alone);
        expect(verdicts.every(({ kind }) => kind === 'commit')).toBe(true);
        const reading = list.map((candidate) => ({ ...candidate, server: 1 as ServerId, epoch: 1 }));
        const kinds = decideAll(new Certifier({ offsets: 1, keys: 1 }), reading).map(({ kind }) => kind);
        expect(kinds).not.toContain('snapshot-too-old');
      }),
    );
  });

  it('forgets what stood before a load that the window cannot hold', () => {
    const certifier = new Certifier({ offsets: 1_000, keys: 3 });
    const base = { server: 1 as ServerId, epoch: 1, reads: [] };
    certifier.decide({ ...base, offset: 1 as Offset, snapshot: 0 as Offset, writes: [written(0)] });
    certifier.decide({ ...base, offset: 2 as Offset, snapshot: 0 as Offset, writes: [0, 1, 2, 3].map(written) });
    expect(certifier.size).toBe(0);
    const late = { ...base, server: 2 as ServerId, offset: 3 as Offset, writes: [written(9)] };
    expect(certifier.judge({ ...late, snapshot: 2 as Offset }).kind).toBe('snapshot-too-old');
    expect(certifier.judge({ ...late, snapshot: 3 as Offset }).kind).toBe('commit');
  });
});
