import { MysqlRefusal } from './refusals.js';

interface Variable {
  readonly initial: string;
  /** Values that mean what happens here anyway; null = it cannot be set. */
  readonly allowed: RegExp | null;
}

const fixed = (initial: string): Variable => ({ initial, allowed: null });
const free = (initial: string, allowed = /^/): Variable => ({ initial, allowed });

const UTF8 = /^(?:utf8(?:mb[34])?|null)$/i;
const UTF8_COLLATION = /^utf8(?:mb[34])?_\w+$/i;
const NUMBER = /^\d+$/;
/** Modes under which texts would be read otherwise than they are. */
const MODES =
  /^(?!.*(?:ANSI|PIPES_AS_CONCAT|NO_BACKSLASH_ESCAPES|IGNORE_SPACE|ORACLE|MSSQL|HIGH_NOT_PRECEDENCE|REAL_AS_FLOAT|NO_UNSIGNED_SUBTRACTION|PAD_CHAR_TO_FULL_LENGTH))/i;

/** The variables that drivers ask for and set. What is not here is refused as unknown; what would change nothing here is taken. */
const VARIABLES: Readonly<Record<string, Variable>> = {
  autocommit: free('1', /^(?:0|1|on|off|true|false)$/i),
  auto_increment_increment: fixed('1'),
  auto_increment_offset: fixed('1'),
  character_set_client: free('utf8mb4', UTF8),
  character_set_connection: free('utf8mb4', UTF8),
  character_set_database: fixed('utf8mb4'),
  character_set_results: free('utf8mb4', UTF8),
  character_set_server: fixed('utf8mb4'),
  character_set_system: fixed('utf8mb3'),
  collation_connection: free('utf8mb4_bin', UTF8_COLLATION),
  collation_database: fixed('utf8mb4_bin'),
  collation_server: fixed('utf8mb4_bin'),
  default_storage_engine: fixed('InnoDB'),
  foreign_key_checks: free('1', /^(?:1|on)$/i),
  have_ssl: fixed('YES'),
  init_connect: fixed(''),
  interactive_timeout: free('28800', NUMBER),
  license: fixed('Apache-2.0'),
  lower_case_table_names: fixed('1'),
  max_allowed_packet: fixed('67108864'),
  max_execution_time: free('0', /^0$/),
  net_buffer_length: fixed('16384'),
  net_read_timeout: free('30', NUMBER),
  net_write_timeout: free('60', NUMBER),
  performance_schema: fixed('0'),
  protocol_version: fixed('10'),
  query_cache_size: fixed('0'),
  query_cache_type: fixed('OFF'),
  sql_auto_is_null: free('0', /^(?:0|off)$/i),
  sql_mode: free(
    'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
    MODES,
  ),
  sql_notes: free('1'),
  sql_quote_show_create: free('1', /^(?:1|on)$/i),
  sql_safe_updates: free('0', /^(?:0|off)$/i),
  sql_select_limit: free('18446744073709551615', NUMBER),
  system_time_zone: fixed('UTC'),
  time_zone: free('SYSTEM', /^(?:SYSTEM|UTC|[+-]00:00)$/i),
  transaction_isolation: free('READ-COMMITTED', /^(?:READ-COMMITTED|REPEATABLE-READ|SERIALIZABLE)$/i),
  transaction_read_only: free('0', /^(?:0|off)$/i),
  unique_checks: free('1', /^(?:0|1|on|off)$/i),
  version: fixed(''),
  version_comment: fixed('Polylog'),
  version_compile_machine: fixed('any'),
  version_compile_os: fixed('any'),
  wait_timeout: free('28800', NUMBER),
};

const ALIASES: Readonly<Record<string, string>> = {
  tx_isolation: 'transaction_isolation',
  tx_read_only: 'transaction_read_only',
  storage_engine: 'default_storage_engine',
};

/** The session's variables by MySQL's names. Invariant: each has a value that is true of how the session behaves. */
export class SessionVariables {
  readonly #values = new Map<string, string>();

  constructor(version: string) {
    this.#values.set('version', version);
  }

  get(name: string): string {
    const key = keyOf(name);
    return this.#values.get(key) ?? VARIABLES[key]?.initial ?? '';
  }

  get autocommit(): boolean {
    return this.get('autocommit') === '1';
  }

  /** How many rows a SELECT without LIMIT answers with; null = all. */
  get selectLimit(): number | null {
    const value = this.#values.get('sql_select_limit');
    return value === undefined ? null : Number(value);
  }

  /** Null = its default. Throws 1193, 1231 or 1238. */
  set(name: string, value: string | null): void {
    const key = keyOf(name);
    const variable = VARIABLES[key];
    if (variable === undefined || variable.allowed === null)
      throw new MysqlRefusal(1238, 'HY000', `Variable '${key}' is a read only variable`);
    if (value !== null && !variable.allowed.test(value))
      throw new MysqlRefusal(1231, '42000', `Variable '${key}' can't be set to the value of '${value}'`);
    if (value === null) this.#values.delete(key);
    else this.#values.set(key, key === 'autocommit' ? String(Number(/^(?:1|on|true)$/i.test(value))) : value);
  }

  /** Its default again. */
  forget(name: string): void {
    if (VARIABLES[name]?.allowed) this.#values.delete(name);
  }

  /** All, by name. */
  *all(): Iterable<readonly [name: string, value: string]> {
    for (const name of Object.keys(VARIABLES)) yield [name, this.get(name)];
  }
}

function keyOf(name: string): string {
  const key = name.toLowerCase();
  const known = ALIASES[key] ?? key;
  if (!Object.hasOwn(VARIABLES, known)) throw new MysqlRefusal(1193, 'HY000', `Unknown system variable '${name}'`);
  return known;
}
