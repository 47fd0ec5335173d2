import {
  RELATIONS,
  type RelationRow,
  type SchemaRow,
  SEQUENCE_STATES,
  SEQUENCES,
  type SequenceRow,
} from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Option, Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { printType, typeByName } from '#schemas/values/type-name.js';
import { readType, writeType } from '../snapshot-records.js';
import { type DdlWork, missingRelation } from './work.js';

type CreateSequence = Extract<Statement, { kind: 'create-sequence' }>;
type AlterSequence = Extract<Statement, { kind: 'alter-sequence' }>;

const LIMITS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  smallint: [-32_768n, 32_767n],
  integer: [-2_147_483_648n, 2_147_483_647n],
  bigint: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
};

type Settings = Omit<SequenceRow, 'id' | 'ownedTable' | 'ownedSlot'> & { readonly restart: bigint | null };

function bigintOf(option: Option): bigint {
  const { value } = option;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^[+-]?\d+$/.test(value)) return BigInt(value);
  throw new SqlError('invalid_parameter_value', `invalid value for sequence option "${option.name}"`, {
    token: option.token,
  });
}

/** Options over what stands (ALTER) or over the defaults (CREATE): PostgreSQL's init_params. */
function settings(options: readonly Option[], given: SqlType | null, before: SequenceRow | null): Settings {
  const named = new Map(options.map((option) => [option.name.toLowerCase().replaceAll(' ', '_'), option]));
  for (const [name, option] of named) {
    if (!KNOWN.has(name))
      throw new SqlError('syntax_error', `unrecognized sequence option "${option.name}"`, { token: option.token });
  }
  const asType = named.get('as');
  const type =
    asType !== undefined
      ? typeByName(String(asType.value))
      : (given ?? (before === null ? { kind: 'bigint' as const } : readType(before.type)));
  const limits = LIMITS[type?.kind ?? ''];
  if (type === null || limits === undefined) {
    throw new SqlError('invalid_parameter_value', 'sequence type must be smallint, integer, or bigint');
  }
  const bad = (message: string): SqlError => new SqlError('invalid_parameter_value', message);
  const number = (...names: readonly string[]): bigint | null => {
    const option = names
      .map((name) => named.get(name))
      .find((o) => o !== undefined && o.value !== null && o.value !== false);
    return option === undefined ? null : bigintOf(option);
  };
  const increment = number('increment', 'increment_by') ?? before?.increment ?? 1n;
  if (increment === 0n) throw bad('INCREMENT must not be zero');
  const typeChanged = asType !== undefined && before !== null;
  const keeps = before !== null && !typeChanged;
  const reset = (name: string): boolean => named.has(name) || named.has(`no_${name}`);
  const maximum =
    number('maxvalue') ?? (keeps && !reset('maxvalue') ? before.maximum : increment > 0n ? limits[1] : -1n);
  const minimum =
    number('minvalue') ?? (keeps && !reset('minvalue') ? before.minimum : increment > 0n ? 1n : limits[0]);
  if (maximum > limits[1] || maximum < limits[0])
    throw bad(`MAXVALUE (${maximum}) is out of range for sequence data type ${printType(type)}`);
  if (minimum > limits[1] || minimum < limits[0])
    throw bad(`MINVALUE (${minimum}) is out of range for sequence data type ${printType(type)}`);
  if (minimum >= maximum) throw bad(`MINVALUE (${minimum}) must be less than MAXVALUE (${maximum})`);
  const start = number('start', 'start_with') ?? before?.start ?? (increment > 0n ? minimum : maximum);
  if (start < minimum) throw bad(`START value (${start}) cannot be less than MINVALUE (${minimum})`);
  if (start > maximum) throw bad(`START value (${start}) cannot be greater than MAXVALUE (${maximum})`);
  const cache = number('cache') ?? before?.cache ?? 1n;
  if (cache <= 0n) throw bad(`CACHE (${cache}) must be greater than zero`);
  const cycleOption = named.get('cycle');
  const cycle = named.has('no_cycle')
    ? false
    : cycleOption !== undefined
      ? cycleOption.value !== false
      : (before?.cycle ?? false);
  const restart =
    named.has('restart') || named.has('restart_with') ? (number('restart', 'restart_with') ?? start) : null;
  return { type: writeType(type), start, increment, minimum, maximum, cycle, cache, restart };
}

const KNOWN = new Set([
  'as',
  'increment',
  'increment_by',
  'minvalue',
  'no_minvalue',
  'maxvalue',
  'no_maxvalue',
  'start',
  'start_with',
  'restart',
  'restart_with',
  'cache',
  'cycle',
  'no_cycle',
  'sequence_name',
]);

export interface NewSequence {
  readonly schema: SchemaRow;
  readonly name: string;
  readonly type: SqlType | null;
  readonly options: readonly Option[];
  readonly owned: { readonly table: ObjectId; readonly slot: number } | null;
  readonly owner: ObjectId;
}

/** Writes a sequence's rows; its values are this transaction's affair until it commits. */
export async function addSequence(work: DdlWork, sequence: NewSequence): Promise<ObjectId> {
  const { restart: _restart, ...fields } = settings(sequence.options, sequence.type, null);
  const id = work.newId();
  const relation: RelationRow = {
    id,
    database: sequence.schema.database,
    schema: sequence.schema.id,
    name: sequence.name,
    kind: 'sequence',
    owner: sequence.owner,
    parent: null,
    generation: null,
    schemaVersion: null,
    slots: null,
    program: null,
    text: null,
    depends: null,
    options: null,
  };
  await work.insert(RELATIONS, relation);
  await work.insert(SEQUENCES, {
    id,
    ...fields,
    ownedTable: sequence.owned?.table ?? null,
    ownedSlot: sequence.owned?.slot ?? null,
  });
  await work.transaction.insert(
    SEQUENCE_STATES.shape,
    SEQUENCE_STATES.toRow({ id, value: fields.start, called: false }),
  );
  work.store.sequences.startIn(work.transaction, { ...fields, id, name: sequence.name }, fields.start);
  return id;
}

export async function createSequence(statement: CreateSequence, work: DdlWork): Promise<string> {
  const { schema, name } = work.target(statement.path);
  if (work.snapshot.relationNamed(schema.id, name) !== null) {
    if (!statement.ifNotExists) throw new SqlError('duplicate_table', `relation "${name}" already exists`);
    work.notice('duplicate_table', `relation "${name}" already exists, skipping`);
    return 'CREATE SEQUENCE';
  }
  const owned = statement.ownedBy === null ? null : ownedColumn(statement.ownedBy, work);
  await addSequence(work, { schema, name, type: null, options: statement.options, owned, owner: work.context.user.id });
  return 'CREATE SEQUENCE';
}

/** OWNED BY table.column; NONE is an empty path or the word. */
function ownedColumn(path: readonly string[], work: DdlWork): NewSequence['owned'] {
  if (path.length === 0 || (path.length === 1 && path[0] === 'none')) return null;
  const table = work.table({ path: path.slice(0, -1), token: -1 });
  const column = table.columns.find((c) => c.name === path.at(-1));
  if (column === undefined) {
    throw new SqlError('undefined_column', `column "${path.at(-1)}" of relation "${table.name}" does not exist`);
  }
  return { table: table.id, slot: column.slot };
}

export async function alterSequence(statement: AlterSequence, work: DdlWork): Promise<string> {
  const entry = work.find(statement.path);
  if (entry === null) {
    if (!statement.ifExists) throw missingRelation(statement.path);
    work.notice('undefined_table', `relation "${statement.path.path.join('.')}" does not exist, skipping`);
    return 'ALTER SEQUENCE';
  }
  if (entry.kind !== 'sequence') throw new SqlError('wrong_object_type', `"${entry.name}" is not a sequence`);
  work.requireOwner('sequence', entry.name, entry.owner);
  const before = work.snapshot.sequences.get(entry.id) as SequenceRow;
  const { restart, ...fields } = settings(statement.options, null, before);
  const owned = statement.ownedBy === null ? null : ownedColumn(statement.ownedBy, work);
  const ownership =
    statement.ownedBy === null ? {} : { ownedTable: owned?.table ?? null, ownedSlot: owned?.slot ?? null };
  const last = work.store.sequences.lastValue(entry);
  await work.update(SEQUENCES, before, { ...before, ...fields, ...ownership });
  if (restart !== null) {
    if (restart < fields.minimum || restart > fields.maximum) {
      const [word, bound] =
        restart < fields.minimum ? ['less than MINVALUE', fields.minimum] : ['greater than MAXVALUE', fields.maximum];
      throw new SqlError('invalid_parameter_value', `RESTART value (${restart}) cannot be ${word} (${bound})`);
    }
    work.store.sequences.startIn(work.transaction, { ...fields, id: entry.id, name: entry.name }, restart);
  } else if (last !== null && fields.increment !== before.increment) {
    work.store.sequences.startIn(
      work.transaction,
      { ...fields, id: entry.id, name: entry.name },
      last + fields.increment,
    );
  }
  return 'ALTER SEQUENCE';
}

/** TRUNCATE … RESTART IDENTITY: sequences owned by the table's columns begin anew. */
export function restartOwned(work: DdlWork, table: ObjectId): void {
  for (const sequence of work.snapshot.sequences.values()) {
    if (sequence.ownedTable !== table) continue;
    const name = work.snapshot.relations.get(sequence.id)?.name ?? '';
    work.store.sequences.startIn(work.transaction, { ...sequence, name }, sequence.start);
  }
}
