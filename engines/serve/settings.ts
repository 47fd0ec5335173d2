import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { timeZoneOfSetting } from '#schemas/values/time-zone.js';

/** One session setting: its PostgreSQL name as shown, default, and how a given text is checked and brought to its shown form. */
interface Setting {
  readonly name: string;
  readonly initial: string;
  /** Clients are told of every change (ParameterStatus). */
  readonly reported: boolean;
  /** null = may be read, never set. */
  readonly accept: ((text: string) => string | null) | null;
}

const any = (text: string): string => text;
const oneOf =
  (...values: readonly string[]) =>
  (text: string): string | null =>
    values.find((v) => v.toLowerCase() === text.toLowerCase()) ?? null;

function booleanText(text: string): string | null {
  const word = text.toLowerCase();
  if (['on', 'true', 'yes', '1', 't', 'y'].includes(word)) return 'on';
  return ['off', 'false', 'no', '0', 'f', 'n'].includes(word) ? 'off' : null;
}

const integerBetween =
  (low: number, high: number) =>
  (text: string): string | null => {
    const value = Number(text);
    return Number.isInteger(value) && value >= low && value <= high ? String(value) : null;
  };

const UNIT_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A duration: '500', '500ms', '2s', '1min'. Shown in the largest unit that divides it, as PostgreSQL shows it. */
function duration(text: string): string | null {
  const ms = durationMs(text);
  if (ms === null) return null;
  for (const unit of ['d', 'h', 'min', 's']) {
    const size = UNIT_MS[unit] as number;
    if (ms !== 0 && ms % size === 0) return `${ms / size}${unit}`;
  }
  return ms === 0 ? '0' : `${ms}ms`;
}

/** Milliseconds of a duration setting; null when the text is none or out of range. */
function durationMs(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?\s*$/.exec(text);
  if (match === null) return null;
  const ms = Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? 'ms'] as number));
  return ms <= 0x7fff_ffff ? ms : null;
}

const DATE_STYLES: Readonly<Record<string, string>> = {
  iso: 'ISO',
  sql: 'SQL',
  postgres: 'Postgres',
  german: 'German',
};
const DATE_ORDERS: Readonly<Record<string, string>> = {
  mdy: 'MDY',
  us: 'MDY',
  noneuropean: 'MDY',
  dmy: 'DMY',
  euro: 'DMY',
  european: 'DMY',
  ymd: 'YMD',
};

function dateStyle(text: string, current: string): string | null {
  let [style, order] = current.split(', ') as [string, string];
  for (const word of text.toLowerCase().split(',')) {
    const key = word.trim();
    if (DATE_STYLES[key] !== undefined) style = DATE_STYLES[key];
    else if (DATE_ORDERS[key] !== undefined) order = DATE_ORDERS[key];
    else return null;
  }
  return `${style}, ${order}`;
}

const isolation = oneOf('read uncommitted', 'read committed', 'repeatable read', 'serializable');

function setting(name: string, initial: string, accept: Setting['accept'], reported = false): Setting {
  return { name, initial, accept, reported };
}

const VERSION = '15.8';

/** Settings that change what Polylog does, and those that clients set by habit and that hold for us whatever their value. */
const SETTINGS: readonly Setting[] = [
  setting('application_name', '', any, true),
  setting('client_encoding', 'UTF8', (t) => (/^utf-?8$|^unicode$|^sql_ascii$/i.test(t) ? 'UTF8' : null), true),
  setting('DateStyle', 'ISO, MDY', any, true),
  setting('IntervalStyle', 'postgres', oneOf('postgres', 'postgres_verbose', 'sql_standard', 'iso_8601'), true),
  setting('TimeZone', 'UTC', timeZoneOfSetting, true),
  setting('extra_float_digits', '1', integerBetween(-15, 3)),
  setting('bytea_output', 'hex', oneOf('hex')),
  setting('search_path', '"$user", public', any),
  setting('default_transaction_isolation', 'read committed', isolation),
  setting('default_transaction_read_only', 'off', booleanText, true),
  setting('default_transaction_deferrable', 'off', booleanText),
  setting('transaction_isolation', 'read committed', isolation),
  setting('transaction_read_only', 'off', booleanText),
  setting('transaction_deferrable', 'off', booleanText),
  setting('statement_timeout', '0', duration),
  setting('lock_timeout', '0', duration),
  setting('idle_in_transaction_session_timeout', '0', duration),
  setting('idle_session_timeout', '0', duration),
  setting('deadlock_timeout', '1s', duration),
  setting(
    'client_min_messages',
    'notice',
    oneOf('debug5', 'debug4', 'debug3', 'debug2', 'debug1', 'log', 'notice', 'warning', 'error'),
  ),
  setting('standard_conforming_strings', 'on', oneOf('on'), true),
  setting('escape_string_warning', 'on', booleanText),
  setting('backslash_quote', 'safe_encoding', oneOf('safe_encoding')),
  setting('check_function_bodies', 'on', booleanText),
  setting('default_table_access_method', 'heap', oneOf('heap')),
  setting('default_tablespace', '', oneOf('')),
  setting('default_text_search_config', 'pg_catalog.english', any),
  // What psql's \password asks for before it makes a verifier.
  setting('password_encryption', 'scram-sha-256', oneOf('scram-sha-256')),
  setting('row_security', 'on', booleanText),
  setting('synchronize_seqscans', 'on', booleanText),
  setting('synchronous_commit', 'on', oneOf('on', 'remote_apply', 'remote_write', 'local')),
  setting('session_replication_role', 'origin', oneOf('origin')),
  setting('xmloption', 'content', oneOf('content')),
  setting('jit', 'off', booleanText),
  setting('work_mem', '64MB', any),
  setting('maintenance_work_mem', '64MB', any),
  setting('enable_seqscan', 'on', booleanText),
  setting('enable_indexscan', 'on', booleanText),
  setting('enable_hashjoin', 'on', booleanText),
  setting('enable_nestloop', 'on', booleanText),
  setting('server_version', `${VERSION} (Polylog)`, null, true),
  setting('server_version_num', '150008', null),
  setting('server_encoding', 'UTF8', null, true),
  setting('integer_datetimes', 'on', null, true),
  setting('in_hot_standby', 'off', null, true),
  setting('is_superuser', 'off', null, true),
  setting('session_authorization', '', null, true),
  setting('max_identifier_length', '63', null),
  setting('max_index_keys', '32', null),
  setting('block_size', '8192', null),
  setting('lc_collate', 'C', null),
  setting('lc_ctype', 'C.UTF-8', null),
  setting('lc_messages', 'C', oneOf('C')),
  setting('lc_monetary', 'C', oneOf('C')),
  setting('lc_numeric', 'C', oneOf('C')),
  setting('lc_time', 'C', oneOf('C')),
  setting('max_connections', '1000', null),
  // Who computes queries: the engine, the OLAP tier, or whoever has less to do for it.
  setting('polylog.tier', 'auto', oneOf('auto', 'tx', 'olap')),
  // Updates of a row that many wait for are made when their transaction commits.
  setting('polylog.postpone_updates', 'on', booleanText),
];

const BY_NAME = new Map(SETTINGS.map((s) => [s.name.toLowerCase(), s]));

/** What a transaction must undo when it rolls back, and at its end for SET LOCAL. */
interface Saved {
  readonly key: string;
  readonly value: string | null;
  readonly local: boolean;
}

/**
 * The settings of one session. SET is transactional: a rollback brings back what stood before, SET LOCAL ends with its transaction.
 * Custom settings (`a.b`) take any text.
 */
export class SessionSettings {
  readonly #values = new Map<string, string>();
  readonly #sessionDefaults = new Map<string, string>();
  #undo: Saved[] = [];
  #changed: Record<string, string> | null = null;
  /** Grows whenever a value changes, so that derived state (text context, search path) is derived again only then. */
  version = 0;

  /** Shown value; null for a name that does not exist. */
  get(name: string): string | null {
    const key = name.toLowerCase();
    return this.#values.get(key) ?? this.#sessionDefaults.get(key) ?? BY_NAME.get(key)?.initial ?? null;
  }

  /** As `get`, for names that always exist. */
  text(name: string): string {
    return this.get(name) ?? '';
  }

  milliseconds(name: string): number {
    return durationMs(this.text(name)) ?? 0;
  }

  /** Values from the connection's start: what RESET goes back to. Unknown names are refused as in SET. */
  initialise(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values))
      this.#sessionDefaults.set(name.toLowerCase(), this.#checked(name, value));
    this.version++;
  }

  /** A value that clients cannot set: the user's name, superuser. */
  fix(name: string, value: string): void {
    this.#sessionDefaults.set(name.toLowerCase(), value);
    this.version++;
  }

  /** SET; `value` null = DEFAULT. Throws 42704 for an unknown name, 22023 for a bad value, 55P02 for one that cannot be set. */
  set(name: string, value: string | null, local: boolean): void {
    const key = name.toLowerCase();
    const next = value === null ? null : this.#checked(name, value);
    if (value === null) this.#mustExist(name);
    this.#undo.push({ key, value: this.#values.get(key) ?? null, local });
    this.#put(key, next);
  }

  /** RESET ALL, DISCARD ALL. */
  resetAll(): void {
    for (const key of [...this.#values.keys()]) {
      this.#undo.push({ key, value: this.#values.get(key) ?? null, local: false });
      this.#put(key, null);
    }
  }

  /** A mark for `rollbackTo`. */
  mark(): number {
    return this.#undo.length;
  }

  rollbackTo(mark: number): void {
    while (this.#undo.length > mark) {
      const { key, value } = this.#undo.pop() as Saved;
      this.#put(key, value);
    }
  }

  /** At the transaction's end: SET stays when it committed, SET LOCAL never does. */
  endTransaction(committed: boolean): void {
    if (this.#undo.length === 0) return;
    if (!committed) {
      this.rollbackTo(0);
      return;
    }
    const restored = new Set<string>();
    const undo = this.#undo;
    this.#undo = [];
    // The first SET LOCAL of a name saw the value to return to, unless a plain SET came after it.
    for (let i = 0; i < undo.length; i++) {
      const saved = undo[i] as Saved;
      if (restored.has(saved.key)) continue;
      const later = undo.slice(i + 1).filter((s) => s.key === saved.key);
      const lastPlain = [saved, ...later].findLast((s) => !s.local);
      if (lastPlain === undefined) this.#put(saved.key, saved.value);
      else if ((later.at(-1) ?? saved).local) {
        const afterPlain = [saved, ...later][[saved, ...later].lastIndexOf(lastPlain) + 1] as Saved;
        this.#put(saved.key, afterPlain.value);
      }
      restored.add(saved.key);
    }
  }

  /** Changed settings that the client must be told of, since the last call. */
  takeChanges(): Readonly<Record<string, string>> | null {
    const changed = this.#changed;
    this.#changed = null;
    return changed;
  }

  /** Everything reported at the connection's start. */
  reported(): Record<string, string> {
    return Object.fromEntries(SETTINGS.filter((s) => s.reported).map((s) => [s.name, this.text(s.name)]));
  }

  /** SHOW ALL. */
  *all(): Iterable<readonly [name: string, value: string]> {
    for (const s of [...SETTINGS].sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1)))
      yield [s.name, this.text(s.name)];
  }

  #mustExist(name: string): void {
    if (!BY_NAME.has(name.toLowerCase()) && !name.includes('.')) {
      throw new SqlError('undefined_object', `unrecognized configuration parameter "${name}"`);
    }
  }

  #checked(name: string, value: string): string {
    const known = BY_NAME.get(name.toLowerCase());
    if (known === undefined) {
      this.#mustExist(name);
      return value;
    }
    if (known.accept === null)
      throw new SqlError('cant_change_runtime_param', `parameter "${known.name}" cannot be changed`);
    const shown = known.name === 'DateStyle' ? dateStyle(value, this.text('DateStyle')) : known.accept(value);
    if (shown === null)
      throw new SqlError('invalid_parameter_value', `invalid value for parameter "${known.name}": "${value}"`);
    return shown;
  }

  #put(key: string, value: string | null): void {
    const before = this.get(key);
    if (value === null) this.#values.delete(key);
    else this.#values.set(key, value);
    const after = this.get(key);
    if (before === after) return;
    this.version++;
    const known = BY_NAME.get(key);
    if (known?.reported === true) {
      this.#changed ??= {};
      this.#changed[known.name] = after ?? '';
    }
  }
}

/** The schemas of a search_path text, with "$user" in place: names are folded unless quoted. */
export function parseSearchPath(text: string, user: string): string[] {
  const names: string[] = [];
  for (const match of text.matchAll(/"((?:[^"]|"")*)"|([^,\s"]+)/g)) {
    const name = match[1] !== undefined ? match[1].replaceAll('""', '"') : (match[2] as string).toLowerCase();
    names.push(name === '$user' ? user : name);
  }
  return names;
}
