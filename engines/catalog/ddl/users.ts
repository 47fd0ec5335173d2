import { MEMBERSHIPS, SETTINGS, USERS, type UserRow } from '#schemas/catalog/system-tables.js';
import type { Option, Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { DEFAULT_TEXT_CONTEXT, parseText, printText } from '#schemas/values/text-form.js';
import { TYPES } from '#schemas/values/type-name.js';
import { createVerifier, isVerifier } from '../../security/scram.js';
import type { DdlWork } from './work.js';

type CreateUser = Extract<Statement, { kind: 'create-user' }>;
type AlterUser = Extract<Statement, { kind: 'alter-user' }>;

const FLAGS: Readonly<
  Record<
    string,
    keyof UserRow & ('superuser' | 'login' | 'createDatabase' | 'createRole' | 'inherit' | 'replication' | 'bypassRls')
  >
> = {
  superuser: 'superuser',
  login: 'login',
  createdb: 'createDatabase',
  createrole: 'createRole',
  inherit: 'inherit',
  replication: 'replication',
  bypassrls: 'bypassRls',
};

/** Options over what stands. Memberships (IN ROLE, ROLE, ADMIN) are answered apart. */
function changed(
  before: UserRow,
  options: readonly Option[],
  work: DdlWork,
): { row: UserRow; inRoles: string[]; members: string[]; admins: string[] } {
  let row = before;
  const inRoles: string[] = [];
  const members: string[] = [];
  const admins: string[] = [];
  const names = (option: Option): string[] =>
    String(option.value ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
  for (const option of options) {
    const word = option.name.toLowerCase().replaceAll('_', ' ');
    const negated = word.startsWith('no') && FLAGS[word.slice(2)] !== undefined;
    const flag = FLAGS[negated ? word.slice(2) : word];
    if (flag !== undefined) row = { ...row, [flag]: negated ? false : option.value !== false };
    else if (word === 'password' || word === 'encrypted password') row = { ...row, verifier: verifierOf(option, work) };
    else if (word === 'connection limit') row = { ...row, connectionLimit: Number(option.value) };
    else if (word === 'valid until') row = { ...row, validUntil: validUntil(option, work) };
    else if (word === 'in role' || word === 'in group') inRoles.push(...names(option));
    else if (word === 'role' || word === 'user') members.push(...names(option));
    else if (word === 'admin') admins.push(...names(option));
    else if (word !== 'sysid')
      throw new SqlError('syntax_error', `unrecognized role option "${option.name}"`, { token: option.token });
  }
  return { row, inRoles, members, admins };
}

/** In UTC, so that it means the same to every session. Throws 22007 for what is no time. */
function validUntil(option: Option, work: DdlWork): string {
  const type = TYPES.timestamptz;
  const { text } = work.context.evaluation;
  return printText(type, parseText(type, String(option.value), text), DEFAULT_TEXT_CONTEXT);
}

/** An empty password is none, as in PostgreSQL. */
function verifierOf(option: Option, work: DdlWork): string | null {
  if (typeof option.value !== 'string') return null;
  if (option.value === '') {
    work.notice('successful_completion', 'empty string is not a valid password, clearing password');
    return null;
  }
  if (/^md5[0-9a-f]{32}$/.test(option.value)) {
    throw new SqlError(
      'feature_not_supported',
      'MD5 password verifiers are not supported: give the password or a SCRAM-SHA-256 verifier',
      { token: option.token },
    );
  }
  return isVerifier(option.value) ? option.value : createVerifier(option.value, work.store.random);
}

export async function createUser(statement: CreateUser, work: DdlWork): Promise<string> {
  const { user } = work.context;
  if (!user.superuser && !user.createRole)
    throw new SqlError('insufficient_privilege', 'permission denied to create role');
  if (/^pg_/.test(statement.name)) {
    throw new SqlError('reserved_name', `role name "${statement.name}" is reserved`, {
      detail: 'Role names starting with "pg_" are reserved.',
      token: statement.token,
    });
  }
  if (statement.name === 'public' || statement.name === 'none') {
    throw new SqlError('reserved_name', `role name "${statement.name}" is reserved`, { token: statement.token });
  }
  if (work.snapshot.user(statement.name) !== null) {
    if (!statement.ifNotExists)
      throw new SqlError('duplicate_object', `role "${statement.name}" already exists`, { token: statement.token });
    work.notice('duplicate_object', `role "${statement.name}" already exists, skipping`);
    return 'CREATE ROLE';
  }
  const blank: UserRow = {
    id: work.newId(),
    name: statement.name,
    superuser: false,
    login: false,
    createDatabase: false,
    createRole: false,
    inherit: true,
    replication: false,
    bypassRls: false,
    connectionLimit: -1,
    validUntil: null,
    verifier: null,
  };
  const { row, inRoles, members, admins } = changed(blank, statement.options, work);
  if (row.superuser && !user.superuser)
    throw new SqlError('insufficient_privilege', 'must be superuser to create superusers');
  await work.insert(USERS, row);
  for (const role of inRoles) await join(work, role, row.name, false);
  for (const member of members) await join(work, row.name, member, false);
  for (const member of admins) await join(work, row.name, member, true);
  return 'CREATE ROLE';
}

/** Attributes that no CREATEROLE can give. */
const SUPERUSERS_ONLY: ReadonlySet<string> = new Set(['superuser']);

export async function alterUser(statement: AlterUser, work: DdlWork): Promise<string> {
  const { user } = work.context;
  const before = userRow(work, statement.name, statement.token);
  const setting = statement.options.find((option) => /^(?:set|reset)\s/i.test(option.name));
  if (!user.superuser && statement.options.some((option) => SUPERUSERS_ONLY.has(option.name))) {
    throw new SqlError(
      'insufficient_privilege',
      'must be superuser to alter superuser roles or change superuser attribute',
    );
  }
  const ownPassword = before.id === user.id && statement.options.every((option) => /password$/i.test(option.name));
  if (!user.superuser && !ownPassword && (!user.createRole || before.superuser)) {
    throw new SqlError(
      'insufficient_privilege',
      before.superuser
        ? 'must be superuser to alter superuser roles or change superuser attribute'
        : 'permission denied',
    );
  }
  if (setting !== undefined) return alterSetting(work, before, setting);
  const { row } = changed(before, statement.options, work);
  if (row.superuser !== before.superuser && !user.superuser) {
    throw new SqlError(
      'insufficient_privilege',
      'must be superuser to alter superuser roles or change superuser attribute',
    );
  }
  await work.update(USERS, before, row);
  return 'ALTER ROLE';
}

/** ALTER USER … SET name = value, RESET name. */
async function alterSetting(work: DdlWork, user: UserRow, option: Option): Promise<string> {
  const [verb = '', ...words] = option.name.split(/\s+/);
  const name = words.join(' ');
  const before = [...work.snapshot.rows.of(SETTINGS)].find(
    (row) => row.user === user.id && row.database === 0 && row.name === name,
  );
  if (before !== undefined) await work.remove(SETTINGS, before);
  if (verb.toLowerCase() === 'set' && option.value !== null) {
    await work.insert(SETTINGS, { database: 0 as UserRow['id'], user: user.id, name, value: String(option.value) });
  }
  return 'ALTER ROLE';
}

export function userRow(work: DdlWork, name: string, token: number): UserRow {
  const wanted = name === 'current_user' || name === 'session_user' ? work.context.user.name : name;
  const row = [...work.snapshot.rows.of(USERS)].find((candidate) => candidate.name === wanted);
  if (row === undefined) throw new SqlError('undefined_object', `role "${name}" does not exist`, { token });
  return row;
}

/** Makes `member` a member of `role`. Throws 0LP01 for a circle. */
export async function join(work: DdlWork, role: string, member: string, admin: boolean): Promise<void> {
  const roleRow = userRow(work, role, -1);
  const memberRow = userRow(work, member, -1);
  if (work.isMember(roleRow.id, memberRow.id)) {
    throw new SqlError('invalid_grant_operation', `role "${role}" is a member of role "${member}"`);
  }
  const before = [...work.snapshot.rows.of(MEMBERSHIPS)].find(
    (row) => row.role === roleRow.id && row.member === memberRow.id,
  );
  const after = {
    role: roleRow.id,
    member: memberRow.id,
    admin: admin || before?.admin === true,
    grantor: work.context.user.id,
  };
  if (before === undefined) await work.insert(MEMBERSHIPS, after);
  else if (before.admin !== after.admin) await work.update(MEMBERSHIPS, before, after);
  else work.notice('successful_completion', `role "${member}" is already a member of role "${role}"`);
}

export async function leave(work: DdlWork, role: string, member: string): Promise<void> {
  const roleRow = userRow(work, role, -1);
  const memberRow = userRow(work, member, -1);
  const before = [...work.snapshot.rows.of(MEMBERSHIPS)].find(
    (row) => row.role === roleRow.id && row.member === memberRow.id,
  );
  if (before === undefined)
    work.context.notice('WARNING', 'warning', `role "${member}" is not a member of role "${role}"`);
  else await work.remove(MEMBERSHIPS, before);
}
