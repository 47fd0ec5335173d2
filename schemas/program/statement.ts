import type { Expression, OrderItem, TypeName } from './expression.js';
import type { Alias, FromItem, Query, SelectItem } from './query.js';

/** Everything a program can ask of the engine. Names are already folded by the dialect; paths are [name] or [schema, name]. */
export type Statement =
  | { readonly kind: 'query'; readonly query: Query }
  | InsertStatement
  | UpdateStatement
  | DeleteStatement
  | {
      readonly kind: 'truncate';
      readonly tables: readonly ObjectPath[];
      readonly restartIdentity: boolean;
      readonly cascade: boolean;
    }
  /** COPY t (columns) FROM STDIN: the gateway has parsed the format and sends rows of text or typed values. */
  | {
      readonly kind: 'copy-in';
      readonly table: ObjectPath;
      readonly columns: readonly string[];
      readonly options: readonly Option[];
    }
  /** COPY t or (query) TO STDOUT: answered as rows; the gateway prints the format. */
  | { readonly kind: 'copy-out'; readonly query: Query; readonly options: readonly Option[] }
  | CreateTable
  | {
      readonly kind: 'create-table-as';
      readonly path: ObjectPath;
      readonly ifNotExists: boolean;
      readonly temporary: boolean;
      readonly columns: readonly string[];
      readonly query: Query;
      readonly withData: boolean;
    }
  | AlterTable
  | {
      readonly kind: 'drop';
      readonly object: 'table' | 'index' | 'view' | 'sequence' | 'schema' | 'database' | 'user';
      readonly paths: readonly ObjectPath[];
      readonly ifExists: boolean;
      readonly cascade: boolean;
    }
  | CreateIndex
  | {
      readonly kind: 'create-schema';
      readonly name: string;
      readonly ifNotExists: boolean;
      readonly owner: string | null;
      readonly token: number;
    }
  | {
      readonly kind: 'create-database';
      readonly name: string;
      readonly ifNotExists: boolean;
      readonly options: readonly Option[];
      readonly token: number;
    }
  | {
      readonly kind: 'create-view';
      readonly path: ObjectPath;
      readonly orReplace: boolean;
      readonly columns: readonly string[];
      readonly query: Query /** The query's text, kept for the catalog. */;
      readonly text: string;
    }
  | {
      readonly kind: 'create-sequence';
      readonly path: ObjectPath;
      readonly ifNotExists: boolean;
      readonly options: readonly Option[];
      readonly ownedBy: readonly string[] | null;
    }
  | {
      readonly kind: 'alter-sequence';
      readonly path: ObjectPath;
      readonly ifExists: boolean;
      readonly options: readonly Option[];
      readonly ownedBy: readonly string[] | null;
    }
  | {
      readonly kind: 'create-user';
      readonly name: string;
      readonly ifNotExists: boolean;
      readonly options: readonly Option[];
      readonly token: number;
    }
  | { readonly kind: 'alter-user'; readonly name: string; readonly options: readonly Option[]; readonly token: number }
  | {
      readonly kind: 'grant';
      readonly revoke: boolean /** Empty = all. */;
      readonly privileges: readonly string[];
      readonly object: 'table' | 'schema' | 'database' | 'sequence' | 'role' | 'all-tables-in-schema';
      readonly paths: readonly ObjectPath[];
      readonly users: readonly string[];
      readonly withGrantOption: boolean;
    }
  | {
      readonly kind: 'comment';
      readonly object: string;
      readonly path: ObjectPath;
      readonly column: string | null;
      readonly text: string | null;
    }
  | { readonly kind: 'begin'; readonly modes: TransactionModes }
  | { readonly kind: 'commit'; readonly chain: boolean }
  | { readonly kind: 'rollback'; readonly chain: boolean }
  | {
      readonly kind: 'savepoint' | 'release-savepoint' | 'rollback-to-savepoint';
      readonly name: string;
      readonly token: number;
    }
  | { readonly kind: 'set-transaction'; readonly session: boolean; readonly modes: TransactionModes }
  /** SET name = value; value null = DEFAULT. A list is joined with ', '. */
  | {
      readonly kind: 'set';
      readonly name: string;
      readonly value: string | null;
      readonly local: boolean;
      readonly token: number;
    }
  /** RESET name, RESET ALL (name null), DISCARD ALL. */
  | { readonly kind: 'reset'; readonly name: string | null; readonly token: number }
  | { readonly kind: 'discard'; readonly target: string }
  | { readonly kind: 'show' /** null = SHOW ALL. */; readonly name: string | null; readonly token: number }
  | {
      readonly kind: 'lock-table';
      readonly tables: readonly ObjectPath[];
      readonly mode: string;
      readonly nowait: boolean;
    }
  | {
      readonly kind: 'explain';
      /** Token of ANALYZE; null when it is not to be run. */
      readonly analyze: number | null;
      readonly options: readonly Option[];
      readonly statement: Statement;
      readonly token: number;
    }
  /** VACUUM, ANALYZE, CHECKPOINT and their like: maintenance that needs nothing from us beyond statistics. */
  | {
      readonly kind: 'maintain';
      readonly action: 'vacuum' | 'analyze' | 'vacuum analyze' | 'checkpoint' | 'reindex';
      readonly tables: readonly ObjectPath[];
    }
  | {
      readonly kind: 'declare-cursor';
      readonly name: string;
      /** Token of WITH HOLD. */
      readonly hold: number | null;
      readonly scroll: boolean;
      readonly binary: boolean;
      readonly query: Query;
    }
  | {
      readonly kind: 'fetch-cursor';
      readonly name: string;
      readonly direction: 'forward' | 'backward' | 'absolute' | 'relative';
      /** null = ALL. */
      readonly count: number | null;
      readonly move: boolean;
    }
  | { readonly kind: 'close-cursor' /** null = ALL. */; readonly name: string | null }
  /** An empty statement. */
  | { readonly kind: 'nothing' };

export interface ObjectPath {
  readonly path: readonly string[];
  readonly token: number;
}

/**
 * One option of a statement that has many, by its name in lower case with underscores. A list is several options of one name. Sequences: as, start, restart, increment,
 * minvalue, maxvalue (null = NO …), cache, cycle, sequence_name; integers past 2^53 are decimal strings. Users: login, superuser, createdb, createrole, inherit,
 * replication, bypassrls, connection_limit, password (null = none), valid_until, in_role, role, admin. COPY: format, delimiter, null, header (boolean or 'match'), quote,
 * escape, force_quote, force_not_null, force_null ('*' = all), encoding, freeze.
 */
export interface Option {
  readonly name: string;
  readonly value: string | number | boolean | null;
  readonly token: number;
}

export interface TransactionModes {
  readonly isolation: 'read uncommitted' | 'read committed' | 'repeatable read' | 'serializable' | null;
  readonly readOnly: boolean | null;
  readonly deferrable: boolean | null;
}

export interface InsertStatement {
  readonly kind: 'insert';
  readonly with: Query['with'];
  readonly recursive: boolean;
  readonly table: ObjectPath;
  readonly alias: string | null;
  /** Empty = all columns in order. */
  readonly columns: ReadonlyArray<{ readonly name: string; readonly token: number }>;
  /** null = DEFAULT VALUES. */
  readonly source: Query | null;
  readonly overriding: 'system' | 'user' | null;
  /** NULL and 0 for an identity column take its next number, as MySQL has it. */
  readonly zeroGenerates: boolean;
  readonly onConflict: OnConflict | null;
  readonly returning: readonly SelectItem[];
}

export interface OnConflict {
  /** Columns and expressions, a constraint's name, or nothing (any unique index; with an update it is the first one met that counts). */
  readonly target:
    | { readonly kind: 'none' }
    | { readonly kind: 'columns'; readonly columns: readonly Expression[]; readonly where: Expression | null }
    | { readonly kind: 'constraint'; readonly name: string };
  /** null = DO NOTHING. No sets: the row becomes the new one whole, with its defaults. */
  readonly update: { readonly sets: readonly Assignment[]; readonly where: Expression | null } | null;
  readonly token: number;
}

/** column = value; or (a, b) = (row or subquery) when there are several columns. */
export interface Assignment {
  readonly columns: ReadonlyArray<{ readonly name: string; readonly token: number }>;
  readonly value: Expression;
}

export interface UpdateStatement {
  readonly kind: 'update';
  readonly with: Query['with'];
  readonly recursive: boolean;
  readonly table: ObjectPath;
  readonly alias: Alias | null;
  readonly sets: readonly Assignment[];
  readonly from: readonly FromItem[];
  readonly where: Expression | null;
  /** Only the rows that this query of the same table finds; what it selects does not matter. null = all. */
  readonly among: Query | null;
  readonly returning: readonly SelectItem[];
}

export interface DeleteStatement {
  readonly kind: 'delete';
  readonly with: Query['with'];
  readonly recursive: boolean;
  readonly table: ObjectPath;
  readonly alias: Alias | null;
  readonly using: readonly FromItem[];
  readonly where: Expression | null;
  /** As in UpdateStatement. */
  readonly among: Query | null;
  readonly returning: readonly SelectItem[];
}

export interface CreateTable {
  readonly kind: 'create-table';
  readonly path: ObjectPath;
  readonly ifNotExists: boolean;
  readonly temporary: boolean;
  readonly columns: readonly ColumnDefinition[];
  readonly constraints: readonly TableConstraint[];
  /** Made with the table, for dialects that list them among its columns. */
  readonly indexes: readonly TableIndex[];
  /** WITH (…): fillfactor and its like are storage hints of other systems; `polylog.*` are ours. */
  readonly options: readonly Option[];
}

export interface TableIndex {
  readonly name: string | null;
  readonly keys: readonly OrderItem[];
  readonly token: number;
}

export interface ColumnDefinition {
  readonly name: string;
  /** smallserial, serial and bigserial arrive by these names: the engine makes the sequence and the default. */
  readonly type: TypeName;
  readonly constraints: readonly ColumnConstraint[];
  readonly token: number;
}

export type ColumnConstraint =
  | { readonly kind: 'not-null' | 'null'; readonly name: string | null }
  /** `text` is the expression as written, kept for the catalog. */
  | { readonly kind: 'default'; readonly expression: Expression; readonly text: string }
  | { readonly kind: 'generated'; readonly expression: Expression; readonly text: string }
  | { readonly kind: 'identity'; readonly always: boolean; readonly options: readonly Option[] }
  | { readonly kind: 'collate'; readonly collation: readonly string[] }
  | TableConstraint;

/** A constraint; as a column constraint its `columns` holds that one column. */
export type TableConstraint =
  | {
      readonly kind: 'primary-key' | 'unique';
      readonly name: string | null;
      readonly columns: readonly string[];
      readonly token: number;
    }
  | {
      readonly kind: 'check';
      readonly name: string | null;
      readonly expression: Expression;
      readonly text: string;
      readonly token: number;
    }
  | ForeignKey;

export interface ForeignKey {
  readonly kind: 'foreign-key';
  readonly name: string | null;
  readonly columns: readonly string[];
  readonly references: ObjectPath;
  /** Empty = the primary key. */
  readonly referencedColumns: readonly string[];
  readonly match: 'simple' | 'full';
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
  readonly token: number;
}

export type ReferentialAction = 'no-action' | 'restrict' | 'cascade' | 'set-null' | 'set-default';

export interface AlterTable {
  readonly kind: 'alter-table';
  /** What the statement calls the relation; all but tables are only renamed, moved and given away. */
  readonly object: 'table' | 'index' | 'view' | 'sequence';
  readonly path: ObjectPath;
  readonly ifExists: boolean;
  readonly actions: readonly AlterTableAction[];
}

export type AlterTableAction =
  | { readonly kind: 'add-column'; readonly column: ColumnDefinition; readonly ifNotExists: boolean }
  | {
      readonly kind: 'drop-column';
      readonly name: string;
      readonly ifExists: boolean;
      readonly cascade: boolean;
      readonly token: number;
    }
  | { readonly kind: 'rename-column'; readonly name: string; readonly to: string; readonly token: number }
  | { readonly kind: 'rename-table'; readonly to: string; readonly token: number }
  | { readonly kind: 'rename-constraint'; readonly name: string; readonly to: string; readonly token: number }
  | { readonly kind: 'set-schema'; readonly schema: string; readonly token: number }
  | { readonly kind: 'owner'; readonly user: string; readonly token: number }
  | {
      readonly kind: 'set-default';
      readonly column: string;
      readonly expression: Expression;
      readonly text: string;
      readonly token: number;
    }
  | {
      readonly kind: 'drop-default' | 'set-not-null' | 'drop-not-null';
      readonly column: string;
      readonly token: number;
    }
  | {
      readonly kind: 'set-type';
      readonly column: string;
      readonly type: TypeName;
      readonly using: Expression | null;
      readonly token: number;
    }
  | {
      readonly kind: 'add-identity';
      readonly column: string;
      readonly always: boolean;
      readonly options: readonly Option[];
      readonly token: number;
    }
  | { readonly kind: 'drop-identity'; readonly column: string; readonly ifExists: boolean; readonly token: number }
  | { readonly kind: 'add-constraint'; readonly constraint: TableConstraint; readonly notValid: boolean }
  | {
      readonly kind: 'drop-constraint';
      readonly name: string;
      readonly ifExists: boolean;
      readonly cascade: boolean;
      readonly token: number;
    };

export interface CreateIndex {
  readonly kind: 'create-index';
  readonly name: string | null;
  readonly table: ObjectPath;
  readonly unique: boolean;
  readonly ifNotExists: boolean;
  readonly concurrently: boolean;
  readonly method: string;
  readonly keys: readonly OrderItem[];
  readonly include: readonly string[];
  readonly where: Expression | null;
  readonly token: number;
}
