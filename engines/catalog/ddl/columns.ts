import { COLUMNS, type ColumnRow } from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { encodeExpression } from '#schemas/program/encode.js';
import type { Expression } from '#schemas/program/expression.js';
import type { ColumnConstraint, ColumnDefinition, Option, TableConstraint } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { printType } from '#schemas/values/type-name.js';
import { quoteIdentifier } from '../../functions/scalars/text.js';
import type { CompilerColumn } from '../expression-compiler.js';
import { writeType } from '../snapshot-records.js';
import { freeRelationName } from './names.js';
import { addSequence } from './sequences.js';
import { bindSequences, columnsIn, nextvalOf } from './tree.js';
import { columnType, serialType } from './types.js';
import type { DdlWork } from './work.js';

/** A column definition taken apart. */
export interface ColumnPlan {
  readonly name: string;
  readonly type: SqlType;
  readonly notNull: boolean;
  readonly default: { readonly expression: Expression; readonly text: string } | null;
  readonly generated: { readonly expression: Expression; readonly text: string } | null;
  readonly identity: ColumnRow['identity'];
  /** A sequence that the column owns: serial and identity. */
  readonly sequence: readonly Option[] | null;
  readonly constraints: readonly TableConstraint[];
  readonly token: number;
}

const SYSTEM_COLUMNS = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']);

export function planColumn(definition: ColumnDefinition, table: string): ColumnPlan {
  const { name, token } = definition;
  if (SYSTEM_COLUMNS.has(name)) {
    throw new SqlError('duplicate_column', `column name "${name}" conflicts with a system column name`, { token });
  }
  const serial = serialType(definition.type);
  const type = serial ?? columnType(definition.type);
  let notNull = serial !== null;
  let nullable = false;
  let byDefault: ColumnPlan['default'] = null;
  let generated: ColumnPlan['generated'] = null;
  let identity: ColumnPlan['identity'] = null;
  let sequence: readonly Option[] | null = serial === null ? null : [];
  const constraints: TableConstraint[] = [];
  const twice = (what: string): SqlError =>
    new SqlError('syntax_error', `multiple ${what} specified for column "${name}" of table "${table}"`, { token });
  for (const constraint of definition.constraints) {
    switch (constraint.kind) {
      case 'not-null':
        notNull = true;
        break;
      case 'null':
        nullable = true;
        break;
      case 'default':
        if (byDefault !== null || serial !== null) throw twice('default values');
        byDefault = { expression: constraint.expression, text: constraint.text };
        break;
      case 'generated':
        generated = { expression: constraint.expression, text: constraint.text };
        break;
      case 'identity':
        if (identity !== null) throw twice('identity specifications');
        requireInteger(type, name, token);
        identity = constraint.always ? 'always' : 'by-default';
        sequence = constraint.options;
        notNull = true;
        break;
      case 'collate':
        requireKnownCollation(constraint, token);
        break;
      default:
        constraints.push({
          ...constraint,
          ...(constraint.kind === 'check' ? {} : { columns: [name] }),
        } as TableConstraint);
        if (constraint.kind === 'primary-key') notNull = true;
    }
  }
  if (nullable && notNull) {
    throw new SqlError(
      'syntax_error',
      `conflicting NULL/NOT NULL declarations for column "${name}" of table "${table}"`,
      { token },
    );
  }
  if (identity !== null && byDefault !== null) {
    throw new SqlError('syntax_error', `both default and identity specified for column "${name}" of table "${table}"`, {
      token,
    });
  }
  if (generated !== null && byDefault !== null) {
    throw new SqlError(
      'syntax_error',
      `both default and generation expression specified for column "${name}" of table "${table}"`,
      { token },
    );
  }
  return { name, type, notNull, default: byDefault, generated, identity, sequence, constraints, token };
}

function requireInteger(type: SqlType, name: string, token: number): void {
  if (type.kind !== 'smallint' && type.kind !== 'integer' && type.kind !== 'bigint') {
    throw new SqlError('invalid_parameter_value', 'identity column type must be smallint, integer, or bigint', {
      token,
      column: name,
    });
  }
}

const COLLATIONS = new Set(['default', 'c', 'posix', 'ucs_basic', 'c.utf-8', 'c.utf8']);

function requireKnownCollation(constraint: Extract<ColumnConstraint, { kind: 'collate' }>, token: number): void {
  const name = constraint.collation.at(-1) ?? '';
  if (COLLATIONS.has(name.toLowerCase())) return;
  throw new SqlError('feature_not_supported', `collation "${name}" is not supported: text is ordered by code point`, {
    token,
  });
}

/** A default as it is stored: checked against the column's type, its sequences by number. */
export function defaultProgram(
  work: DdlWork,
  table: string,
  type: SqlType,
  given: { readonly expression: Expression; readonly text: string },
): { readonly expression: Expression; readonly text: string } {
  if (columnsIn(given.expression).length > 0) {
    throw new SqlError('feature_not_supported', 'cannot use column reference in DEFAULT expression');
  }
  const expression = bindSequences(given.expression, (name) => findSequence(work, name));
  work.store.compiler.compile(expression, table, [], type);
  return { expression, text: defaultText(expression, given.text, type) };
}

/** PostgreSQL shows a string literal with the type that it was given. */
function defaultText(expression: Expression, text: string, type: SqlType): string {
  if (expression.kind === 'constant' && expression.type.kind === 'unknown' && typeof expression.value === 'string') {
    const plain =
      type.kind === 'varchar'
        ? { ...type, length: null }
        : type.kind === 'numeric'
          ? { ...type, precision: null, scale: null }
          : type;
    return `'${expression.value.replaceAll("'", "''")}'::${plain.kind === 'char' ? 'bpchar' : printType(plain)}`;
  }
  if (expression.kind === 'call' && expression.name.at(-1) === 'nextval')
    return text.replace(/\('([^']*)'\)/, "('$1'::regclass)");
  return text;
}

function findSequence(work: DdlWork, text: string): ObjectId | null {
  const path = [...text.matchAll(/"((?:[^"]|"")*)"|([^."]+)/g)].map((m) =>
    m[1] !== undefined ? m[1].replaceAll('""', '"') : (m[2] as string).toLowerCase(),
  );
  const entry = work.find({ path, token: -1 });
  return entry?.kind === 'sequence' ? entry.id : null;
}

/** Writes a column, and the sequence that it owns. Generated columns are compiled against `columns`. */
export async function addColumn(
  work: DdlWork,
  table: { readonly id: ObjectId; readonly name: string },
  plan: ColumnPlan,
  place: { readonly slot: number; readonly position: number; readonly missing: string | null },
  columns: readonly CompilerColumn[],
): Promise<void> {
  let byDefault = plan.default === null ? null : defaultProgram(work, table.name, plan.type, plan.default);
  if (plan.generated !== null) {
    if (columnsIn(plan.generated.expression).includes(plan.name)) {
      throw new SqlError(
        'invalid_object_definition',
        `cannot use generated column "${plan.name}" in column generation expression`,
      );
    }
    const compiled = work.store.compiler.compile(plan.generated.expression, table.name, columns, plan.type);
    if (compiled.volatile) throw new SqlError('invalid_object_definition', 'generation expression is not immutable');
  }
  if (plan.sequence !== null) byDefault = await ownedDefault(work, table.id, plan, place.slot);
  await work.insert(COLUMNS, {
    relation: table.id,
    slot: place.slot,
    position: place.position,
    name: plan.name,
    type: writeType(plan.type),
    notNull: plan.notNull,
    dropped: false,
    defaultProgram: byDefault === null ? null : encodeExpression(byDefault.expression),
    defaultText: byDefault?.text ?? null,
    generatedProgram: plan.generated === null ? null : encodeExpression(plan.generated.expression),
    generatedText: plan.generated?.text ?? null,
    identity: plan.identity,
    missing: place.missing,
    formerNames: null,
  });
}

async function ownedDefault(
  work: DdlWork,
  table: ObjectId,
  plan: ColumnPlan,
  slot: number,
): Promise<{ expression: Expression; text: string }> {
  const relation = work.relationRow(table);
  const schema = work.snapshot.schemas.get(relation.schema);
  if (schema === undefined) throw new SqlError('invalid_schema_name', 'the schema of the table is gone');
  const given = plan.sequence?.find((option) => option.name.toLowerCase() === 'sequence_name')?.value;
  const name =
    typeof given === 'string' ? given : freeRelationName(work.snapshot, schema.id, relation.name, plan.name, 'seq');
  const sequence = await addSequence(work, {
    schema,
    name,
    type: plan.type,
    options: plan.sequence ?? [],
    owned: { table, slot },
    owner: relation.owner,
  });
  const visible = work.context.searchPath.includes(schema.name);
  const path = visible ? quoteIdentifier(name) : `${quoteIdentifier(schema.name)}.${quoteIdentifier(name)}`;
  return { expression: nextvalOf(sequence), text: `nextval('${path.replaceAll("'", "''")}'::regclass)` };
}
