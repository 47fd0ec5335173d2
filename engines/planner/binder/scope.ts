import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { ColumnId, Scalar } from '../../vm/scalar.js';

/** A column that names can reach. */
export interface ScopeColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly id: ColumnId;
  /** For RowDescription: the table's oid and the column's number; 0 where it is no plain column. */
  readonly table: number;
  readonly number: number;
}

/** One relation of a FROM clause under its alias. */
export interface ScopeRelation {
  readonly alias: string;
  readonly schema: string | null;
  /** The relation's own name, which its alias hides; none for what has no other name. */
  readonly name?: string | null;
  readonly columns: readonly ScopeColumn[];
  /** Columns that JOIN USING has merged away: reached by qualified names only. */
  readonly merged: Set<ColumnId>;
  /** Called when a name reaches a column: the table that a statement writes may be one that its user cannot read. Throws 42501. */
  onRead?: () => void;
}

/** A column that stands for two, after JOIN USING. */
export interface MergedColumn {
  readonly name: string;
  readonly scalar: Scalar;
}

/** What names mean at one place of a statement. */
export class Scope {
  readonly parent: Scope | null;
  readonly relations: ScopeRelation[] = [];
  readonly merged: MergedColumn[] = [];

  constructor(parent: Scope | null) {
    this.parent = parent;
  }

  /** Adds relations; two with one alias are refused (42712). */
  add(relation: ScopeRelation, token: number): void {
    if (
      relation.alias !== '' &&
      this.relations.some(
        (r) =>
          r.alias === relation.alias && (r.schema === null || relation.schema === null || r.schema === relation.schema),
      )
    ) {
      throw new SqlError('duplicate_alias', `table name "${relation.alias}" specified more than once`, { token });
    }
    this.relations.push(relation);
  }

  /** The column of this scope or an enclosing one. Throws 42703, 42702 or 42P01. */
  resolve(path: readonly string[], token: number): Scalar {
    const found = this.find(path, token);
    if (found !== null) return found;
    const column = path.at(-1) as string;
    if (path.length === 1) throw new SqlError('undefined_column', `column "${column}" does not exist`, { token });
    const table = path.at(-2) as string;
    if (this.#relationNamed(table) === null) throw this.missing(table, token);
    throw new SqlError('undefined_column', `column ${table}.${column} does not exist`, { token });
  }

  /** The refusal of a table name that nothing in reach has. */
  missing(table: string, token: number): SqlError {
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      const hidden = scope.relations.find((r) => r.name === table);
      if (hidden === undefined) continue;
      const hint = `Perhaps you meant to reference the table alias "${hidden.alias}".`;
      return new SqlError('undefined_table', `invalid reference to FROM-clause entry for table "${table}"`, {
        hint,
        token,
      });
    }
    return new SqlError('undefined_table', `missing FROM-clause entry for table "${table}"`, { token });
  }

  find(path: readonly string[], token: number): Scalar | null {
    return this.findHere(path, token) ?? this.parent?.find(path, token) ?? null;
  }

  findHere(path: readonly string[], token: number): Scalar | null {
    const column = path.at(-1) as string;
    const table = path.length > 1 ? (path.at(-2) as string) : null;
    const schema = path.length > 2 ? (path.at(-3) as string) : null;
    if (table === null) {
      const merged = this.merged.find((m) => m.name === column);
      if (merged !== undefined) return merged.scalar;
    }
    let found: ScopeColumn | null = null;
    let owner: ScopeRelation | null = null;
    for (const relation of this.relations) {
      if (
        table !== null &&
        (relation.alias !== table || (schema !== null && relation.schema !== null && relation.schema !== schema))
      )
        continue;
      for (const candidate of relation.columns) {
        if (candidate.name !== column || (table === null && relation.merged.has(candidate.id))) continue;
        if (found !== null)
          throw new SqlError('ambiguous_column', `column reference "${column}" is ambiguous`, { token });
        found = candidate;
        owner = relation;
      }
    }
    if (found === null && column === 'tableoid') return this.#tableOid(table);
    owner?.onRead?.();
    return found === null ? null : { kind: 'column', type: found.type, id: found.id, name: found.name, token };
  }

  /** The system column: the oid of the only relation, or of the one of that alias. */
  #tableOid(alias: string | null): Scalar | null {
    const relations = this.relations.filter((r) => alias === null || r.alias === alias);
    const table = relations.length === 1 ? (relations[0]?.columns[0]?.table ?? 0) : 0;
    return table === 0 ? null : { kind: 'constant', type: TYPES.oid, value: table };
  }

  /** The relation of that alias, here or around. */
  relation(path: readonly string[]): ScopeRelation | null {
    const found = this.#relationNamed(path.at(-1) as string);
    found?.onRead?.();
    return found;
  }

  #relationNamed(alias: string): ScopeRelation | null {
    return (
      this.relations.find((r) => r.alias === alias) ?? (this.parent === null ? null : this.parent.#relationNamed(alias))
    );
  }

  /** Where a column came from, for the client. */
  origin(id: ColumnId): { readonly table: number; readonly number: number } {
    for (const relation of this.relations) {
      const column = relation.columns.find((c) => c.id === id);
      if (column !== undefined) return column;
    }
    return NOWHERE;
  }
}

const NOWHERE = { table: 0, number: 0 };
