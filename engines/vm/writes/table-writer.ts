import type { Row, Value } from '#schemas/values/value.js';
import type { Catalog, TableEntry } from '../../catalog/entry.js';
import type { MaybePromise, VisibleRow } from '../../rows/reading.js';
import type { Evaluator } from '../compile.js';
import { chain, type Runtime } from '../operators/operator.js';
import { fullWidth } from '../operators/scan.js';
import {
  brokenReferences,
  type CompiledCheck,
  checkParents,
  checkRow,
  keyIsBack,
  type Reference,
  referencingRows,
  stillReferenced,
} from './constraints.js';

/** Columns computed from the rest of the row. */
export interface GeneratedColumn {
  readonly slot: number;
  readonly evaluate: Evaluator;
}

/** Everything that holds for one table whoever writes it: made once for a plan. */
export interface TableRules {
  readonly table: TableEntry;
  readonly checks: readonly CompiledCheck[];
  readonly generated: readonly GeneratedColumn[];
  /** Default of each slot, for ON DELETE SET DEFAULT. */
  readonly defaults: ReadonlyArray<Evaluator | null>;
}

export type RulesOf = (table: TableEntry) => TableRules;

/** Writes rows of a table with all of its constraints. Foreign-key actions reach other tables through `rulesOf`. */
export class TableWriter {
  readonly rules: TableRules;
  readonly #catalog: Catalog;
  readonly #rulesOf: RulesOf;
  readonly #hasParents: boolean;
  readonly #hasChildren: boolean;

  constructor(rules: TableRules, catalog: Catalog, rulesOf: RulesOf) {
    this.rules = rules;
    this.#catalog = catalog;
    this.#rulesOf = rulesOf;
    this.#hasParents = rules.table.foreignKeys.length > 0;
    this.#hasChildren = rules.table.referencedBy.length > 0;
  }

  get table(): TableEntry {
    return this.rules.table;
  }

  /** Fills generated columns in place and checks the row. */
  complete(row: Value[], runtime: Runtime): Row {
    for (const { slot, evaluate } of this.rules.generated) row[slot] = evaluate(row, runtime);
    checkRow(this.table, this.rules.checks, row, runtime);
    return row;
  }

  insert(row: Row, runtime: Runtime): MaybePromise<VisibleRow> {
    const inserted = runtime.transaction.insert(this.table.shape, row);
    if (!this.#hasParents) return inserted;
    return chain(inserted, (visible) =>
      chain(checkParents(this.table, row, null, this.#catalog, runtime), () => visible),
    );
  }

  /** Foreign keys of a row that was inserted by other means. */
  checkInserted(row: Row, runtime: Runtime): MaybePromise<void> {
    return this.#hasParents ? checkParents(this.table, row, null, this.#catalog, runtime) : undefined;
  }

  /** `locked` is held at `update` where the key changes, at `no-key-update` otherwise. */
  update(locked: VisibleRow, row: Row, runtime: Runtime): MaybePromise<VisibleRow> {
    const before = fullWidth(locked.row, this.table.shape);
    const updated = runtime.transaction.update(this.table.shape, locked, row);
    if (!this.#hasParents && !this.#hasChildren) return updated;
    return chain(updated, (visible) =>
      chain(this.#hasParents ? checkParents(this.table, row, before, this.#catalog, runtime) : undefined, () =>
        chain(this.#cascade(before, row, runtime), () => visible),
      ),
    );
  }

  delete(locked: VisibleRow, runtime: Runtime): MaybePromise<void> {
    const before = fullWidth(locked.row, this.table.shape);
    const deleted = runtime.transaction.delete(this.table.shape, locked);
    if (!this.#hasChildren) return deleted;
    return chain(deleted, () => this.#cascade(before, null, runtime));
  }

  #cascade(before: Row, after: Row | null, runtime: Runtime): MaybePromise<void> {
    if (!this.#hasChildren) return;
    const broken = brokenReferences(this.table, before, after, this.#catalog);
    if (broken.length === 0) return;
    return this.#followAll(broken, before, after, runtime);
  }

  async #followAll(broken: readonly Reference[], before: Row, after: Row | null, runtime: Runtime): Promise<void> {
    for (const reference of broken) {
      const action = after === null ? reference.key.onDelete : reference.key.onUpdate;
      if (action === 'no-action' || action === 'restrict') {
        const check = (): Promise<void> => this.#refuseIfReferenced(reference, before, runtime, action === 'no-action');
        // NO ACTION looks at the end of the statement; a deferred key at the end of the transaction.
        if (action === 'restrict') await check();
        else if (reference.key.deferrable && reference.key.initiallyDeferred) runtime.transaction.atCommit(check);
        else runtime.atStatementEnd(check);
        continue;
      }
      // After the statement's own rows: what it deletes itself is counted, and needs no cascade.
      runtime.atStatementEnd(() => this.#act(reference, action, before, after, runtime));
    }
  }

  /** `mayReturn`: another row that has the key by now will do. */
  async #refuseIfReferenced(reference: Reference, before: Row, runtime: Runtime, mayReturn: boolean): Promise<void> {
    // Own writes of this statement count: rows that it deletes, too, no longer point anywhere.
    runtime.transaction.beginStatement();
    const rows = await latestReferencing(reference, before, runtime);
    if (rows.length === 0 || (mayReturn && (await keyIsBack(this.table, reference, before, runtime)))) return;
    throw stillReferenced(this.table, reference, before);
  }

  async #act(
    reference: Reference,
    action: 'cascade' | 'set-null' | 'set-default',
    before: Row,
    after: Row | null,
    runtime: Runtime,
  ): Promise<void> {
    const { key, child } = reference;
    const writer = new TableWriter(this.#rulesOf(child), this.#catalog, this.#rulesOf);
    runtime.transaction.beginStatement();
    for (const row of await latestReferencing(reference, before, runtime)) {
      const outcome = await runtime.transaction.lock(child.shape, row, 'update', 'block');
      if (outcome.kind !== 'locked' && outcome.kind !== 'changed') continue;
      if (action === 'cascade' && after === null) {
        await writer.delete(outcome.row, runtime);
        continue;
      }
      const next: Value[] = fullWidth(outcome.row.row, child.shape).slice();
      key.slots.forEach((slot, i) => {
        if (action === 'cascade') next[slot] = (after as Row)[key.referencedSlots[i] as number] ?? null;
        else next[slot] = action === 'set-null' ? null : (writer.rules.defaults[slot]?.(next, runtime) ?? null);
      });
      await writer.update(outcome.row, writer.complete(next, runtime), runtime);
    }
  }
}

/** The parent's lock keeps new ones out; those that came before it may be committed since the statement began. */
function latestReferencing(reference: Reference, before: Row, runtime: Runtime): Promise<VisibleRow[]> {
  return runtime.transaction.seeLatest(() => referencingRows(reference, before, runtime));
}
