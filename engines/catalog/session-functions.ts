import { COMMENTS, CONSTRAINTS } from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { oidOf } from '#schemas/values/oids.js';
import type { Value } from '#schemas/values/value.js';
import type { CatalogFunctions } from '../functions/definition.js';
import type { RowReader } from '../rows/reading.js';
import type { SessionIdentity } from './ddl-contract.js';
import { constraintDefinition, indexDefinition } from './describe/definitions.js';
import {
  findRelation,
  formatType,
  isVisible,
  parsePath,
  procedureOid,
  procedureText,
  qualifiedName,
  relationOid,
  relationText,
  typeNamed,
  typeOid,
} from './describe/names.js';
import { hasPrivilege, hasRole, mayUse } from './describe/privileges.js';
import type { SequenceEntry } from './entry.js';
import type { SequencePool } from './sequence-pool.js';
import { CatalogSnapshot } from './snapshot.js';

type Answer = (args: readonly Value[]) => Value;

/** A row's bytes, roughly: sizes are only shown to people. */
const ROW_BYTES = 120;

/** The catalog's answers to one session. currval and lastval are the session's own, so one object serves it for its whole life. */
export class SessionFunctions implements CatalogFunctions {
  readonly #session: SessionIdentity;
  readonly #sequences: SequencePool;
  readonly #rows: RowReader | null;
  readonly #current = new Map<ObjectId, bigint>();
  #last: ObjectId | null = null;
  #firstGiven: bigint | null = null;
  #lasting = false;
  readonly #answers: ReadonlyMap<string, Answer>;

  constructor(session: SessionIdentity, sequences: SequencePool, rows: RowReader | null) {
    this.#session = session;
    this.#sequences = sequences;
    this.#rows = rows;
    this.#answers = new Map([...this.#nameAnswers(), ...this.#definitionAnswers(), ...this.#systemAnswers()]);
  }

  // ── sequences ──────────────────────────────────────────────────────────────────────────────────────────────────────

  nextval(sequence: Value): bigint {
    const entry = this.#sequence(sequence, ['usage', 'update']);
    const value = this.#sequences.next(entry);
    this.#current.set(entry.id, value);
    this.#last = entry.id;
    this.#firstGiven ??= value;
    return value;
  }

  takeFirstGiven(): bigint | null {
    const given = this.#firstGiven;
    this.#firstGiven = null;
    return given;
  }

  takeLasting(): boolean {
    const lasting = this.#lasting;
    this.#lasting = false;
    return lasting;
  }

  currval(sequence: Value): bigint {
    const entry = this.#sequence(sequence, ['usage', 'select']);
    const value = this.#current.get(entry.id);
    if (value === undefined) {
      throw new SqlError(
        'object_not_in_prerequisite_state',
        `currval of sequence "${entry.name}" is not yet defined in this session`,
      );
    }
    return value;
  }

  setval(sequence: Value, value: bigint, called: boolean): bigint {
    const entry = this.#sequence(sequence, ['update']);
    this.#sequences.set(entry, value, called);
    this.#lasting = true;
    if (called) this.#current.set(entry.id, value);
    return value;
  }

  lastval(): bigint {
    const value = this.#last === null ? undefined : this.#current.get(this.#last);
    if (value === undefined)
      throw new SqlError('object_not_in_prerequisite_state', 'lastval is not yet defined in this session');
    return value;
  }

  /** Null when every value this session was given is durably reserved. An answer that shows one must wait for this. */
  whenReserved(): Promise<void> | null {
    return this.#sequences.whenReserved();
  }

  #sequence(value: Value, privileges: readonly string[]): SequenceEntry {
    const { catalog, user } = this.#session;
    const oid = typeof value === 'number' ? value : relationOid(this.#session, String(value));
    const entry = catalog.relationById(oid as ObjectId);
    if (entry === null) throw new SqlError('undefined_table', `relation with OID ${oid} does not exist`);
    if (entry.kind !== 'sequence') throw new SqlError('wrong_object_type', `"${entry.name}" is not a sequence`);
    if (!user.superuser && !mayUse(catalog, user, entry, privileges) && !this.#feedsWritableIdentity(entry)) {
      throw new SqlError('insufficient_privilege', `permission denied for sequence ${entry.name}`);
    }
    return entry;
  }

  /** The sequence behind an identity column is part of its table: who may insert there needs no privilege on it. */
  #feedsWritableIdentity(entry: SequenceEntry): boolean {
    const { user, catalog } = this.#session;
    const row = this.#catalog.sequences.get(entry.id);
    if (row === undefined || row.ownedTable === null) return false;
    const table = catalog.relationById(row.ownedTable);
    if (table === null || table.kind !== 'table') return false;
    const column = table.columns.find((each) => each.slot === row.ownedSlot);
    return column !== undefined && column.identity !== null && mayUse(catalog, user, table, ['insert']);
  }

  // ── descriptions ───────────────────────────────────────────────────────────────────────────────────────────────────

  describe(name: string, args: readonly Value[]): Value {
    const answer = this.#answers.get(name);
    if (answer !== undefined) return answer(args);
    const privilege = /^has_(\w+)_privilege$/.exec(name);
    if (privilege !== null) return hasPrivilege(this.#session, this.#catalog, privilege[1] as string, args);
    throw new SqlError('feature_not_supported', `function ${name} is not supported`);
  }

  get #catalog(): CatalogSnapshot {
    const { catalog } = this.#session;
    if (!(catalog instanceof CatalogSnapshot)) throw new SqlError('internal_error', 'the catalog is of a foreign kind');
    return catalog;
  }

  #nameAnswers(): Array<readonly [string, Answer]> {
    const session = this.#session;
    const orNull = (find: () => number | null): number | null => {
      try {
        return find();
      } catch (error) {
        if (error instanceof SqlError) return null;
        throw error;
      }
    };
    const visible: Answer = ([oid]) => {
      const entry = session.catalog.relationById(oid as ObjectId);
      return entry === null ? null : isVisible(session, entry);
    };
    return [
      ['regclassin', ([text]) => relationOid(session, text as string)],
      ['regclassout', ([oid]) => relationText(session, oid as number)],
      ['regtypein', ([text]) => typeOid(text as string)],
      ['regtypeout', ([oid]) => formatType(oid as number, null)],
      ['regprocin', ([text]) => procedureOid(text as string) ?? this.#noFunction(text as string)],
      ['regprocout', ([oid]) => procedureText(oid as number)],
      ['to_regclass', ([text]) => orNull(() => findRelation(session, text as string)?.id ?? null)],
      ['to_regtype', ([text]) => orNull(() => oidOf(typeNamed(text as string) ?? { kind: 'void' }) || null)],
      ['to_regproc', ([text]) => procedureOid(text as string)],
      [
        'to_regnamespace',
        ([text]) => session.catalog.schema(session.database.id, parsePath(text as string)[0] ?? '')?.id ?? null,
      ],
      ['to_regrole', ([text]) => session.catalog.user(parsePath(text as string)[0] ?? '')?.id ?? null],
      [
        'format_type',
        ([oid, typmod]) =>
          oid === null || oid === undefined ? null : formatType(oid as number, (typmod ?? null) as number | null),
      ],
      ['parse_ident', ([text]) => parsePath(text as string)],
      ['current_schema', () => this.#schemas()[0] ?? null],
      ['current_schemas', ([implicit]) => (implicit === true ? ['pg_catalog', ...this.#schemas()] : this.#schemas())],
      ['pg_table_is_visible', visible],
      ...['type', 'function', 'operator', 'opclass', 'opfamily', 'conversion', 'collation', 'statistics_obj'].map(
        (kind): readonly [string, Answer] => [`pg_${kind}_is_visible`, () => true],
      ),
    ];
  }

  #noFunction(text: string): never {
    throw new SqlError('undefined_function', `function "${text}" does not exist`);
  }

  /** Schemas of the search path that exist. */
  #schemas(): string[] {
    const { catalog, database, searchPath } = this.#session;
    return searchPath.filter((name) => catalog.schema(database.id, name) !== null);
  }

  #definitionAnswers(): Array<readonly [string, Answer]> {
    const session = this.#session;
    const constraint: Answer = ([oid, pretty]) => {
      for (const row of this.#catalog.rows.of(CONSTRAINTS)) {
        if (row.id === oid) return constraintDefinition(session, this.#catalog, row, pretty === true);
      }
      return null;
    };
    const view: Answer = ([which]) => {
      const entry =
        typeof which === 'number'
          ? session.catalog.relationById(which as ObjectId)
          : findRelation(session, String(which));
      return entry?.kind === 'view' ? ` ${entry.text.replace(/;\s*$/, '')};` : '';
    };
    return [
      ['pg_get_expr', ([text]) => text ?? null],
      [
        'pg_get_indexdef',
        ([oid, column, pretty]) =>
          indexDefinition(session, this.#catalog, oid as ObjectId, Number(column ?? 0), pretty === true),
      ],
      ['pg_get_constraintdef', constraint],
      ['pg_get_viewdef', view],
      ['pg_get_userbyid', ([oid]) => session.catalog.userById(oid as ObjectId)?.name ?? `unknown (OID=${String(oid)})`],
      ['pg_get_serial_sequence', ([table, column]) => this.#serialSequence(table as string, column as string)],
      ['obj_description', ([oid]) => this.#comment(oid as number, 0)],
      ['shobj_description', ([oid]) => this.#comment(oid as number, 0)],
      ['col_description', ([oid, column]) => this.#comment(oid as number, column as number)],
      ...[
        'triggerdef',
        'ruledef',
        'functiondef',
        'function_result',
        'function_arguments',
        'function_identity_arguments',
        'partkeydef',
        'statisticsobjdef_columns',
        'replica_identity_index',
      ].map((what): readonly [string, Answer] => [`pg_get_${what}`, () => null]),
    ];
  }

  #comment(object: number, sub: number): string | null {
    for (const row of this.#catalog.rows.of(COMMENTS)) if (row.object === object && row.sub === sub) return row.text;
    return null;
  }

  #serialSequence(table: string, column: string): string | null {
    const entry = findRelation(this.#session, table);
    if (entry === null) throw new SqlError('undefined_table', `relation "${table}" does not exist`);
    const slot = entry.kind === 'table' ? entry.columns.find((c) => c.name === column)?.slot : undefined;
    if (slot === undefined)
      throw new SqlError('undefined_column', `column "${column}" of relation "${entry.name}" does not exist`);
    for (const sequence of this.#catalog.sequences.values()) {
      if (sequence.ownedTable !== entry.id || sequence.ownedSlot !== slot) continue;
      const owner = this.#session.catalog.relationById(sequence.id);
      return owner === null ? null : qualifiedName(owner);
    }
    return null;
  }

  #systemAnswers(): Array<readonly [string, Answer]> {
    const size: Answer = ([oid]) => {
      const entry = this.#session.catalog.relationById(Number(oid) as ObjectId);
      if (entry === null) return null;
      return BigInt(entry.kind === 'table' ? (this.#rows?.estimateRows(entry.shape.id) ?? 0) * ROW_BYTES : 8_192);
    };
    return [
      ['pg_relation_size', size],
      ['pg_table_size', size],
      ['pg_total_relation_size', size],
      ['pg_indexes_size', () => 0n],
      ['pg_database_size', () => 0n],
      ['pg_encoding_to_char', ([encoding]) => (encoding === 6 ? 'UTF8' : encoding === 0 ? 'SQL_ASCII' : '')],
      ['pg_char_to_encoding', ([name]) => (/^utf-?8$|^unicode$/i.test(String(name)) ? 6 : -1)],
      ['getdatabaseencoding', () => 'UTF8'],
      ['pg_client_encoding', () => 'UTF8'],
      ['pg_relation_is_publishable', () => true],
      ['pg_tablespace_location', () => ''],
      ['pg_is_in_recovery', () => false],
      ['pg_my_temp_schema', () => 0],
      ['pg_is_other_temp_schema', () => false],
      ['row_security_active', () => false],
      ['pg_partition_root', () => null],
      ['pg_stat_get_numscans', () => 0n],
      ['pg_has_role', (args) => hasRole(this.#session, args)],
      ['inet_server_addr', () => null],
      ['inet_server_port', () => null],
      ['inet_client_addr', () => null],
      ['inet_client_port', () => null],
      ['pg_backend_pid', () => this.#session.pid],
    ];
  }
}
