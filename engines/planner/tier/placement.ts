import type { SqlType } from '#schemas/values/type.js';
import { type ColumnId, operandsOf, type Scalar } from '../../vm/scalar.js';
import { conjunction, conjuncts } from '../conjuncts.js';
import { freeColumns } from '../free-columns.js';
import type { BoundSubquery, Logical, LogicalAnalytic } from '../logical.js';
import { mapScalars } from '../logical-scalars.js';
import { Offload } from './offload.js';

/** A query with the parts that the OLAP tier computes in one node each. */
export interface Placement {
  readonly plan: Logical;
  readonly leaves: readonly LogicalAnalytic[];
  /** Why something of the query cannot be read from the OLAP tier; null when all tables are. */
  readonly refusal: string | null;
}

/** Gives the OLAP tier as much of a query as it computes exactly; the engine makes the rest of the rows that come. `outputs`: columns that the query answers with. */
export function placed(logical: Logical, outputs: Iterable<ColumnId>): Placement {
  const wanted = new Set(outputs);
  const placer = new Placer(new Set([...wanted, ...columnsUsed(logical)]));
  const plan = placer.place(logical);
  const used = new Set([...wanted, ...columnsUsed(plan)]);
  return withColumns(plan, used, placer.refusal);
}

class Placer {
  readonly #used: ReadonlySet<ColumnId>;
  refusal: string | null = null;

  constructor(used: ReadonlySet<ColumnId>) {
    this.#used = used;
  }

  place(logical: Logical): Logical {
    const whole = this.#whole(logical);
    if (whole !== null) return whole;
    switch (logical.op) {
      case 'filter':
        return this.#filter(logical);
      case 'join':
        // Rows of a lateral side are computed anew for each row of the other.
        if (logical.lateral) this.#stays(logical.right);
        return {
          ...logical,
          left: this.place(logical.left),
          right: logical.lateral ? logical.right : this.place(logical.right),
        };
      case 'set':
        return { ...logical, left: this.place(logical.left), right: this.place(logical.right) };
      case 'apply':
        return {
          ...logical,
          input: this.place(logical.input),
          subqueries: logical.subqueries.map((s) => this.#sub(s)),
        };
      case 'lock':
        this.#stays(logical);
        return logical;
      default:
        if ('input' in logical) return { ...logical, input: this.place(logical.input) };
        this.#stays(logical);
        return logical;
    }
  }

  #whole(logical: Logical): Logical | null {
    if (!readsTables(logical)) return null;
    const types = new Map<ColumnId, SqlType>();
    if (freeColumns(logical, types).size > 0) return null;
    const offload = new Offload(this.#used);
    const found = offload.whole(logical);
    if (found === null) {
      this.#lastRefusal = offload.refusal;
      return null;
    }
    const { plan, finish } = found;
    const leaf: LogicalAnalytic = {
      op: 'analytic',
      plan,
      inputs: offload.scalars.inputs,
      tables: offload.tables,
      ids: [],
      types: [],
    };
    const outputs = finish === null ? outputTypes(logical) : finish.flatMap(({ scalar }) => columnTypes(scalar));
    const whole = { ...leaf, ids: outputs.map(([id]) => id), types: outputs.map(([, type]) => type) };
    return finish === null ? whole : { op: 'project', input: whole, outputs: finish };
  }

  #lastRefusal = '';

  /** Conditions that the tier cannot compute are checked on what comes from it. */
  #filter({ input, predicate }: Extract<Logical, { op: 'filter' }>): Logical {
    const [down, stay] = [[] as Scalar[], [] as Scalar[]];
    for (const each of conjuncts(predicate)) {
      const isTaken = this.#whole({ op: 'filter', input, predicate: each }) !== null;
      (isTaken ? down : stay).push(each);
    }
    if (down.length === 0) return { op: 'filter', input: this.place(input), predicate };
    const below: Logical = { op: 'filter', input, predicate: conjunction(down) };
    return { op: 'filter', input: this.place(below), predicate: conjunction(stay) };
  }

  #sub(subquery: BoundSubquery): BoundSubquery {
    if (freeColumns(subquery.plan, new Map()).size > 0) {
      this.#stays(subquery.plan);
      return subquery;
    }
    return { ...subquery, plan: this.place(subquery.plan) };
  }

  /** Tables in it are read by the engine. */
  #stays(logical: Logical): void {
    if (readsTables(logical)) this.refusal ??= this.#lastRefusal;
  }
}

function readsTables(logical: Logical): boolean {
  if (logical.op === 'table') return !logical.table.system;
  if (logical.op === 'past') return true;
  if (logical.op === 'cte') {
    const { plan, recursive, write } = logical.table;
    return write !== null || recursive !== null || (plan !== null && readsTables(plan));
  }
  if (logical.op === 'apply' && logical.subqueries.some(({ plan }) => readsTables(plan))) return true;
  if ('input' in logical) return readsTables(logical.input);
  return 'left' in logical && (readsTables(logical.left) || readsTables(logical.right));
}

/** The columns of a plan's rows. */
function outputTypes(logical: Logical): Array<readonly [ColumnId, SqlType]> {
  switch (logical.op) {
    case 'table':
      return logical.table.columns.flatMap(({ slot, type }) => {
        const id = logical.ids[slot];
        return id === undefined ? [] : [[id, type] as const];
      });
    case 'project':
      return logical.outputs.map(({ id, scalar }) => [id, scalar.type] as const);
    case 'aggregate':
      return [
        ...logical.groups.map(({ id, scalar }) => [id, scalar.type] as const),
        ...logical.aggregates.map(({ id, type }) => [id, type] as const),
      ];
    case 'join':
      return logical.type === 'semi' || logical.type === 'anti'
        ? outputTypes(logical.left)
        : [...outputTypes(logical.left), ...outputTypes(logical.right)];
    case 'set':
      return logical.ids.map((id, i) => [id, logical.types[i] as SqlType] as const);
    case 'apply':
      return [...outputTypes(logical.input), ...logical.subqueries.map(({ id, type }) => [id, type] as const)];
    case 'values':
      return logical.ids.map((id, i) => [id, logical.rows[0]?.[i]?.type ?? UNKNOWN] as const);
    case 'cte':
      return logical.ids.map((id, i) => [id, logical.table.columns[i]?.type ?? UNKNOWN] as const);
    default:
      return 'input' in logical ? outputTypes(logical.input) : [];
  }
}

const UNKNOWN: SqlType = { kind: 'unknown' };

function columnTypes(scalar: Scalar): Array<readonly [ColumnId, SqlType]> {
  return scalar.kind === 'column' ? [[scalar.id, scalar.type]] : operandsOf(scalar).flatMap(columnTypes);
}

/** Every column that is looked at anywhere in a plan. */
function columnsUsed(logical: Logical): Set<ColumnId> {
  const used = new Set<ColumnId>();
  // A recursive query reads itself.
  const seen = new Set<object>();
  const visit = (l: Logical): void => {
    mapScalars(l, (scalar) => {
      for (const [id] of columnTypes(scalar)) used.add(id);
      return scalar;
    });
    visitIds(l);
  };
  const visitIds = (l: Logical): void => {
    if (l.op === 'distinct') for (const id of l.on) used.add(id);
    if (l.op === 'set') for (const id of [...l.leftIds, ...l.rightIds]) used.add(id);
    if (l.op === 'apply')
      for (const { ids, plan } of l.subqueries) {
        for (const id of ids) used.add(id);
        visitIds(plan);
      }
    if (l.op === 'cte' && l.table.plan !== null && !seen.has(l.table)) {
      seen.add(l.table);
      for (const id of l.table.ids) used.add(id);
      visit(l.table.plan);
      if (l.table.recursive !== null) visit(l.table.recursive.plan);
    }
    if ('input' in l) visitIds(l.input);
    if ('left' in l) {
      visitIds(l.left);
      visitIds(l.right);
    }
  };
  visit(logical);
  return used;
}

/** Leaves only the columns that somebody looks at. */
function withColumns(plan: Logical, used: ReadonlySet<ColumnId>, refusal: string | null): Placement {
  const leaves: LogicalAnalytic[] = [];
  const visit = (l: Logical): Logical => {
    if (l.op === 'analytic') {
      const kept = l.ids.flatMap((id, i) => (used.has(id) ? [i] : []));
      const leaf = {
        ...l,
        ids: kept.map((i) => l.ids[i] as ColumnId),
        types: kept.map((i) => l.types[i] as SqlType),
      };
      leaves.push(leaf);
      return leaf;
    }
    if (l.op === 'apply')
      return { ...l, input: visit(l.input), subqueries: l.subqueries.map((s) => ({ ...s, plan: visit(s.plan) })) };
    if ('input' in l) return { ...l, input: visit(l.input) };
    return 'left' in l ? { ...l, left: visit(l.left), right: visit(l.right) } : l;
  };
  return { plan: visit(plan), leaves, refusal };
}
