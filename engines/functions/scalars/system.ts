import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { printTypeKind, TYPES } from '#schemas/values/type-name.js';
import type { Value } from '#schemas/values/value.js';
import type { EvaluationContext, ScalarFunction, TypePattern } from '../definition.js';
import { arrayResult, lenient, pure, specialised, stable, volatile } from '../signature.js';

function setting(name: string, missingOk: boolean, context: EvaluationContext): string | null {
  const value = context.setting(name);
  if (value === null && !missingOk)
    throw new SqlError('undefined_object', `unrecognized configuration parameter "${name}"`);
  return value;
}

function uuid(context: EvaluationContext): string {
  const bytes = Buffer.from(context.randomBytes(16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const BYTES = 1_024n;

/** pg_size_pretty: the unit changes at ten of the next one. */
function sizePretty(size: bigint): string {
  let value = size;
  let negative = false;
  if (value < 0n) {
    negative = true;
    value = -value;
  }
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  // A bit more is kept until the last step, for rounding half up.
  if (value >= 10n * BYTES) {
    value >>= 9n;
    unit = 1;
    while (unit < units.length - 1 && value >= 20_480n - 1n) {
      value >>= 10n;
      unit++;
    }
    value = (value + 1n) / 2n;
  }
  return `${negative ? '-' : ''}${value} ${units[unit]}`;
}

const NAMES = arrayResult(TYPES.name);
const user = (context: EvaluationContext): string => context.user;
const path = (context: EvaluationContext): string[] => [...context.searchPath];

const SESSION: readonly ScalarFunction[] = [
  stable('version', [], 'text', () => 'PostgreSQL 15.8 (Polylog 0.1.0)'),
  stable('current_database', [], 'name', (context: EvaluationContext) => context.database),
  stable('current_catalog', [], 'name', (context: EvaluationContext) => context.database),
  stable('current_schema', [], 'name', (context: EvaluationContext) => context.catalog.describe('current_schema', [])),
  stable(
    'current_schemas',
    ['boolean'],
    NAMES,
    (implicit: boolean, context: EvaluationContext) =>
      context.catalog.describe('current_schemas', [implicit]) ??
      (implicit ? ['pg_catalog', ...path(context)] : path(context)),
  ),
  stable('current_user', [], 'name', user),
  stable('current_role', [], 'name', user),
  stable('user', [], 'name', user),
  stable('session_user', [], 'name', (context: EvaluationContext) => context.sessionUser),
  stable('current_setting', ['text'], 'text', (name: string, context: EvaluationContext) =>
    setting(name, false, context),
  ),
  stable('current_setting', ['text', 'boolean'], 'text', setting),
  lenient(
    volatile(
      'set_config',
      ['text', 'text', 'boolean'],
      'text',
      (name: string | null, value: string | null, local: boolean | null, context: EvaluationContext) => {
        if (name === null) throw new SqlError('null_value_not_allowed', 'SET requires parameter name');
        context.setSetting(name, value ?? '', local === true);
        return context.setting(name);
      },
    ),
  ),
  volatile('gen_random_uuid', [], 'uuid', uuid),
  volatile('uuid_generate_v4', [], 'uuid', uuid),
  pure('pg_size_pretty', ['bigint'], 'text', sizePretty),
  volatile('pg_sleep', ['double'], 'void', (seconds: number, context: EvaluationContext) => {
    if (seconds > 0) context.sleep(seconds * 1_000);
    return '';
  }),
  specialised(
    { name: 'pg_typeof', arguments: ['any'], result: 'text', strict: false, volatility: 'stable' },
    (types) => {
      const name = printTypeKind(types[0] as SqlType);
      return () => name;
    },
  ),
  specialised(
    { name: 'pg_column_size', arguments: ['any'], result: 'integer', strict: true, volatility: 'stable' },
    () => (value: Value) => (typeof value === 'string' ? Buffer.byteLength(value) + 4 : 8),
  ),
  specialised(
    {
      name: 'num_nulls',
      arguments: ['any'],
      variadic: true,
      result: 'integer',
      strict: false,
      volatility: 'immutable',
    },
    (types) =>
      (...all: readonly Value[]) =>
        all.slice(0, types.length).filter((v) => v === null).length,
  ),
  specialised(
    {
      name: 'num_nonnulls',
      arguments: ['any'],
      variadic: true,
      result: 'integer',
      strict: false,
      volatility: 'immutable',
    },
    (types) =>
      (...all: readonly Value[]) =>
        all.slice(0, types.length).filter((v) => v !== null).length,
  ),
];

const SEQUENCES: readonly ScalarFunction[] = [
  volatile('nextval', ['regclass'], 'bigint', (s: Value, context: EvaluationContext) => context.catalog.nextval(s)),
  volatile('currval', ['regclass'], 'bigint', (s: Value, context: EvaluationContext) => context.catalog.currval(s)),
  volatile('setval', ['regclass', 'bigint'], 'bigint', (s: Value, v: bigint, context: EvaluationContext) =>
    context.catalog.setval(s, v, true),
  ),
  volatile(
    'setval',
    ['regclass', 'bigint', 'boolean'],
    'bigint',
    (s: Value, v: bigint, called: boolean, context: EvaluationContext) => context.catalog.setval(s, v, called),
  ),
  volatile('lastval', [], 'bigint', (context: EvaluationContext) => context.catalog.lastval()),
];

/** Functions that the catalog answers: [name, arguments, result]. */
const DESCRIBED: ReadonlyArray<readonly [string, readonly TypePattern[], ScalarFunction['result']]> = [
  ['pg_get_expr', ['text', 'oid'], 'text'],
  ['pg_get_expr', ['text', 'oid', 'boolean'], 'text'],
  ['pg_get_indexdef', ['oid'], 'text'],
  ['pg_get_indexdef', ['oid', 'integer', 'boolean'], 'text'],
  ['pg_get_constraintdef', ['oid'], 'text'],
  ['pg_get_constraintdef', ['oid', 'boolean'], 'text'],
  ['pg_get_viewdef', ['oid'], 'text'],
  ['pg_get_viewdef', ['oid', 'boolean'], 'text'],
  ['pg_get_viewdef', ['text'], 'text'],
  ['pg_get_userbyid', ['oid'], 'name'],
  ['pg_get_serial_sequence', ['text', 'text'], 'text'],
  ['pg_get_triggerdef', ['oid'], 'text'],
  ['pg_get_triggerdef', ['oid', 'boolean'], 'text'],
  ['pg_get_ruledef', ['oid'], 'text'],
  ['pg_get_ruledef', ['oid', 'boolean'], 'text'],
  ['pg_get_functiondef', ['oid'], 'text'],
  ['pg_get_function_result', ['oid'], 'text'],
  ['pg_get_function_arguments', ['oid'], 'text'],
  ['pg_get_function_identity_arguments', ['oid'], 'text'],
  ['pg_get_partkeydef', ['oid'], 'text'],
  ['pg_get_statisticsobjdef_columns', ['oid'], 'text'],
  ['pg_get_replica_identity_index', ['regclass'], 'regclass'],
  ['pg_relation_is_publishable', ['regclass'], 'boolean'],
  ['pg_tablespace_location', ['oid'], 'text'],
  ['obj_description', ['oid'], 'text'],
  ['obj_description', ['oid', 'name'], 'text'],
  ['shobj_description', ['oid', 'name'], 'text'],
  ['col_description', ['oid', 'integer'], 'text'],
  ['pg_table_is_visible', ['oid'], 'boolean'],
  ['pg_type_is_visible', ['oid'], 'boolean'],
  ['pg_function_is_visible', ['oid'], 'boolean'],
  ['pg_operator_is_visible', ['oid'], 'boolean'],
  ['pg_opclass_is_visible', ['oid'], 'boolean'],
  ['pg_opfamily_is_visible', ['oid'], 'boolean'],
  ['pg_conversion_is_visible', ['oid'], 'boolean'],
  ['pg_collation_is_visible', ['oid'], 'boolean'],
  ['pg_statistics_obj_is_visible', ['oid'], 'boolean'],
  ['pg_encoding_to_char', ['integer'], 'name'],
  ['pg_char_to_encoding', ['name'], 'integer'],
  ['pg_relation_size', ['regclass'], 'bigint'],
  ['pg_relation_size', ['regclass', 'text'], 'bigint'],
  ['pg_table_size', ['regclass'], 'bigint'],
  ['pg_indexes_size', ['regclass'], 'bigint'],
  ['pg_total_relation_size', ['regclass'], 'bigint'],
  ['pg_database_size', ['name'], 'bigint'],
  ['pg_database_size', ['oid'], 'bigint'],
  ['to_regclass', ['text'], 'regclass'],
  ['to_regtype', ['text'], 'regtype'],
  ['to_regproc', ['text'], 'regproc'],
  ['to_regnamespace', ['text'], 'oid'],
  ['to_regrole', ['text'], 'oid'],
  ['regclassin', ['text'], 'regclass'],
  ['regclassout', ['regclass'], 'text'],
  ['regtypein', ['text'], 'regtype'],
  ['regtypeout', ['regtype'], 'text'],
  ['regprocin', ['text'], 'regproc'],
  ['regprocout', ['regproc'], 'text'],
  ['pg_is_in_recovery', [], 'boolean'],
  ['pg_backend_pid', [], 'integer'],
  ['pg_my_temp_schema', [], 'oid'],
  ['pg_is_other_temp_schema', ['oid'], 'boolean'],
  ['pg_postmaster_start_time', [], 'timestamptz'],
  ['pg_conf_load_time', [], 'timestamptz'],
  ['txid_current', [], 'bigint'],
  ['pg_current_xact_id', [], 'bigint'],
  ['pg_current_wal_lsn', [], 'text'],
  ['inet_server_addr', [], 'text'],
  ['inet_server_port', [], 'integer'],
  ['inet_client_addr', [], 'text'],
  ['inet_client_port', [], 'integer'],
  ['getdatabaseencoding', [], 'name'],
  ['pg_client_encoding', [], 'name'],
  ['pg_has_role', ['text', 'text'], 'boolean'],
  ['pg_has_role', ['oid', 'text'], 'boolean'],
  ['pg_has_role', ['text', 'text', 'text'], 'boolean'],
  ['pg_has_role', ['oid', 'oid', 'text'], 'boolean'],
  ['pg_cancel_backend', ['integer'], 'boolean'],
  ['pg_terminate_backend', ['integer'], 'boolean'],
  ['row_security_active', ['oid'], 'boolean'],
  ['pg_partition_root', ['regclass'], 'regclass'],
  ['pg_stat_get_numscans', ['oid'], 'bigint'],
  ['parse_ident', ['text'], arrayResult(TYPES.text)],
];

/** has_x_privilege([user,] object, privilege) for every kind of object, by name or oid. */
const PRIVILEGES: ReadonlyArray<readonly [string, readonly TypePattern[], ScalarFunction['result']]> = [
  'table',
  'schema',
  'database',
  'sequence',
  'function',
  'tablespace',
  'type',
  'language',
  'foreign_data_wrapper',
  'server',
  'any_column',
].flatMap((object) =>
  (['text', 'oid'] as const).flatMap((by) => [
    [`has_${object}_privilege`, [by, 'text'], 'boolean'] as const,
    [`has_${object}_privilege`, ['text', by, 'text'], 'boolean'] as const,
    [`has_${object}_privilege`, ['oid', by, 'text'], 'boolean'] as const,
  ]),
);

const COLUMN_PRIVILEGES: ReadonlyArray<readonly [string, readonly TypePattern[], ScalarFunction['result']]> = (
  ['text', 'oid'] as const
).flatMap((by) =>
  (['text', 'smallint'] as const).map((column) => ['has_column_privilege', [by, column, 'text'], 'boolean'] as const),
);

function described(name: string, args: readonly TypePattern[], result: ScalarFunction['result']): ScalarFunction {
  const count = args.length;
  return stable(name, args, result, (...all: readonly unknown[]) =>
    (all[count] as EvaluationContext).catalog.describe(name, all.slice(0, count) as Value[]),
  );
}

/** Session, sequence and catalog functions. format_type takes a null modifier. */
export const SYSTEM_FUNCTIONS: readonly ScalarFunction[] = [
  ...SESSION,
  ...SEQUENCES,
  ...[...DESCRIBED, ...PRIVILEGES, ...COLUMN_PRIVILEGES].map(([name, args, result]) => described(name, args, result)),
  lenient(described('format_type', ['oid', 'integer'], 'text')),
];
