import type { Claim, ReadRange, RowVersion } from '#schemas/events/event.js';
import type { Offset, VersionId } from '#schemas/kernel/brand.js';
import { keyEncoder } from '#schemas/values/key.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Row } from '#schemas/values/value.js';
import { rowName, type State } from '../invariants/history.js';
import { checkSnapshotRead } from '../invariants/snapshot-reads.js';
import { ACCOUNTS, type Account, accountOf, EMAIL_INDEX, EMAILS, FIRST_BALANCE, IDS, rowOf } from './accounts.js';
import type { CertifiedProcess } from './certified-process.js';
import type { SessionSurroundings } from './running-engine.js';

const keyOfId = keyEncoder([{ type: TYPES.integer }]);
const keyOfEmail = keyEncoder([{ type: TYPES.text }]);
/** Behind every key. */
const END = '\u00ff'.repeat(9);
const WHOLE_TABLE: readonly ReadRange[] = [{ object: ACCOUNTS.id, from: '', to: END }];

/** One transaction of a client of a certified engine: it reads its snapshot, makes up its changes, and has them decided. */
export class CertifiedSession {
  readonly #around: SessionSurroundings;
  readonly #engine: CertifiedProcess;
  readonly #snapshot: Offset;
  readonly #state: State;
  readonly #serializable: boolean;
  readonly #changes = new Map<number, Account | null>();

  constructor(around: SessionSurroundings, engine: CertifiedProcess) {
    this.#around = around;
    this.#engine = engine;
    this.#snapshot = engine.reached;
    this.#state = engine.state;
    this.#serializable = around.random.chance(0.3);
  }

  async run(): Promise<void> {
    const { gate, name, random, note } = this.#around;
    this.#checkSnapshot();
    for (let left = 1 + random.below(3); left > 0; left--) {
      await gate.pass(name);
      this.#change();
    }
    if (this.#changes.size === 0) return;
    note(`proposes ${this.#changes.size} changes from snapshot ${this.#snapshot}`);
    await this.#propose();
  }

  #checkSnapshot(): void {
    const { name, referee, partition } = this.#around;
    const byId = (a: Row, b: Row): number => (a[0] as number) - (b[0] as number);
    const seen = [...this.#state.values()].flatMap(({ row }) => (row === null ? [] : [row]));
    const expected = [...referee.rowsAt(partition, this.#snapshot).values()];
    checkSnapshotRead(name, this.#snapshot, expected.sort(byId), seen.sort(byId));
  }

  #account(id: number): Account | null {
    const changed = this.#changes.get(id);
    if (changed !== undefined) return changed;
    const row = this.#version(id)?.row ?? null;
    return row === null ? null : accountOf(row);
  }

  #version(id: number): RowVersion | undefined {
    return this.#state.get(rowName({ table: ACCOUNTS.id, key: keyOfId([id]) }));
  }

  #isFree(email: string | null): boolean {
    if (email === null) return true;
    for (let id = 0; id < IDS; id++) if (this.#account(id)?.email === email) return false;
    return true;
  }

  #change(): void {
    const { random } = this.#around;
    const id = random.below(IDS);
    const account = this.#account(id);
    const email = random.pick(EMAILS);
    if (account === null) {
      if (!this.#changes.has(id) && this.#isFree(email))
        this.#changes.set(id, { id, email, balance: random.chance(0.5) ? FIRST_BALANCE : 0 });
      return;
    }
    const other = this.#account(random.below(IDS));
    if (random.chance(0.2)) {
      if (this.#isFree(email)) this.#changes.set(id, { ...account, email });
    } else if (account.balance === 0 && random.chance(0.3)) this.#changes.set(id, null);
    else if (other !== null && other.id !== id) {
      const amount = 1 + random.below(FIRST_BALANCE / 2 - 1);
      this.#changes.set(id, { ...account, balance: account.balance - amount });
      this.#changes.set(other.id, { ...other, balance: other.balance + amount });
    }
  }

  async #propose(): Promise<void> {
    const { gate, name, random, referee, partition, holder, note, ended } = this.#around;
    const events = [...this.#changes].flatMap(([id, account]) => this.#event(id, account));
    if (events.length === 0) return;
    let transaction: VersionId | null = null;
    const proposal = {
      snapshot: this.#snapshot,
      events,
      reads: this.#serializable ? WHOLE_TABLE : [],
      between: random.chance(0.2) ? () => gate.pass(name) : null,
    };
    const decided = await this.#engine.propose(proposal, (id) => {
      transaction = id;
    });
    if (decided === null || transaction === null || ended()) return;
    const { fate, offset } = decided;
    note(`is told: ${fate}`);
    if (fate !== 'commit') referee.told(partition).refuse(transaction, fate);
    else
      referee.committed(partition, holder, {
        transaction,
        offset,
        snapshot: this.#snapshot,
        serializedAll: this.#serializable,
      });
  }

  #event(
    id: number,
    account: Account | null,
  ): ReadonlyArray<Pick<RowVersion, 'table' | 'key' | 'op' | 'row' | 'previous' | 'claims'>> {
    const base = this.#version(id);
    const previous = base?.version ?? null;
    const place = { table: ACCOUNTS.id, key: keyOfId([id]), previous };
    if (account === null) return base === undefined ? [] : [{ ...place, op: 'delete', row: null, claims: [] }];
    const key = keyOfEmail([account.email]);
    const claims: readonly Claim[] = [{ object: EMAIL_INDEX.id, key: account.email === null ? key + place.key : key }];
    return [{ ...place, op: base === undefined ? 'insert' : 'update', row: rowOf(account), claims }];
  }
}
