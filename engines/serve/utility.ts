import { unreachable } from '#schemas/kernel/assert.js';
import type { Statement } from '#schemas/program/statement.js';
import type { Condition } from '#schemas/sqlstate/conditions.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row } from '#schemas/values/value.js';
import type { MaybePromise } from '../rows/reading.js';
import { closeCursor, declareCursor, fetchCursor } from './cursors.js';
import { lockTables } from './lock-table.js';
import { runDdl } from './run-ddl.js';
import type { Session } from './session.js';

/** What a utility statement answers. */
export interface UtilityResult {
  readonly verb: string;
  readonly count: number;
  readonly rows: readonly Row[] | null;
  /** The statement ended the transaction block: open portals go with it. */
  readonly endsBlock?: boolean;
}

function done(verb: string, rows: readonly Row[] | null = null): UtilityResult {
  return { verb, count: -1, rows };
}

/** Statements without a plan: transaction control, settings, cursors, maintenance, and DDL by way of the catalog. */
export function runUtility(session: Session, statement: Statement): MaybePromise<UtilityResult> {
  switch (statement.kind) {
    case 'begin':
    case 'commit':
    case 'rollback':
    case 'savepoint':
    case 'release-savepoint':
    case 'rollback-to-savepoint':
    case 'set-transaction':
      return transactionControl(session, statement);
    case 'set':
    case 'reset':
    case 'show':
    case 'discard':
      requireHealthy(session);
      return settings(session, statement);
    case 'maintain':
      if (session.block.explicit && statement.action.startsWith('vacuum'))
        throw new SqlError('active_sql_transaction', 'VACUUM cannot run inside a transaction block');
      return done(statement.action === 'vacuum analyze' ? 'VACUUM' : statement.action.toUpperCase());
    case 'lock-table':
      return lockTables(session, statement);
    case 'nothing':
      return done('');
    case 'declare-cursor':
      return declareCursor(session, statement);
    case 'fetch-cursor':
      return fetchCursor(session, statement);
    case 'close-cursor':
      return closeCursor(session, statement);
    case 'query':
    case 'insert':
    case 'update':
    case 'delete':
    case 'copy-out':
    case 'copy-in':
    case 'explain':
      throw new SqlError('internal_error', `statement ${statement.kind} is not a utility statement`);
    default:
      return runDdl(session, statement);
  }
}

/** Throws 25P02 in a failed block. */
function requireHealthy(session: Session): void {
  if (session.block.state === 2) session.block.require();
}

type Control = Extract<
  Statement,
  {
    kind:
      | 'begin'
      | 'commit'
      | 'rollback'
      | 'savepoint'
      | 'release-savepoint'
      | 'rollback-to-savepoint'
      | 'set-transaction';
  }
>;

function transactionControl(session: Session, statement: Control): MaybePromise<UtilityResult> {
  const { block } = session;
  switch (statement.kind) {
    case 'begin':
      requireHealthy(session);
      if (!block.begin(statement.modes))
        session.notice('WARNING', 'active_sql_transaction', 'there is already a transaction in progress');
      return done('BEGIN');
    case 'commit':
      return commit(session, statement.chain);
    case 'rollback': {
      if (!block.explicit)
        session.notice('WARNING', 'no_active_sql_transaction', 'there is no transaction in progress');
      const modes = { isolation: block.isolation, readOnly: block.readOnly, deferrable: null };
      block.rollback();
      if (statement.chain) block.begin(modes);
      return { ...done('ROLLBACK'), endsBlock: true };
    }
    case 'savepoint':
      block.savepoint(statement.name);
      return done('SAVEPOINT');
    case 'release-savepoint':
      block.release(statement.name);
      return done('RELEASE');
    case 'rollback-to-savepoint':
      block.rollbackTo(statement.name);
      if (block.changedCatalog) session.catalogChanged();
      return done('ROLLBACK');
    case 'set-transaction': {
      requireHealthy(session);
      const { isolation, readOnly } = statement.modes;
      if (statement.session) {
        if (isolation !== null) session.settings.set('default_transaction_isolation', isolation, false);
        if (readOnly !== null) session.settings.set('default_transaction_read_only', readOnly ? 'on' : 'off', false);
      } else if (!block.explicit) {
        session.notice(
          'WARNING',
          'no_active_sql_transaction',
          'SET TRANSACTION can only be used in transaction blocks',
        );
      } else {
        block.setModes(statement.modes);
      }
      return done('SET');
    }
    default:
      return unreachable(statement);
  }
}

function commit(session: Session, chain: boolean): MaybePromise<UtilityResult> {
  const { block } = session;
  if (!block.explicit) session.notice('WARNING', 'no_active_sql_transaction', 'there is no transaction in progress');
  const failed = block.state === 2;
  const modes = { isolation: block.isolation, readOnly: block.readOnly, deferrable: null };
  const finish = (): UtilityResult => {
    if (chain) block.begin(modes);
    return { ...done(failed ? 'ROLLBACK' : 'COMMIT'), endsBlock: true };
  };
  const committing = block.commit();
  return committing === null ? finish() : committing.then(finish);
}

type SettingStatement = Extract<Statement, { kind: 'set' | 'reset' | 'show' | 'discard' }>;

/** Names that show or set the running transaction rather than a variable. */
const TRANSACTION_NAMES = new Set(['transaction_isolation', 'transaction_read_only']);

function settings(session: Session, statement: SettingStatement): UtilityResult {
  switch (statement.kind) {
    case 'set':
      setOne(session, statement.name, statement.value, statement.local);
      return done('SET');
    case 'reset':
      if (statement.name === null) session.settings.resetAll();
      else session.settings.set(statement.name, null, false);
      return done('RESET');
    case 'show':
      return show(session, statement.name);
    case 'discard':
      if (session.block.explicit)
        throw new SqlError(
          'active_sql_transaction',
          `DISCARD ${statement.target.toUpperCase()} cannot run inside a transaction block`,
        );
      if (statement.target === 'all') session.settings.resetAll();
      return done(`DISCARD ${statement.target.toUpperCase()}`);
    default:
      return unreachable(statement);
  }
}

/** Names that would make the session another user's. */
const ROLE_NAMES = new Set(['role', 'session_authorization']);

function setOne(session: Session, name: string, value: string | null, local: boolean): void {
  if (local && !session.block.explicit)
    session.notice(
      'WARNING',
      'no_active_sql_transaction' satisfies Condition,
      'SET LOCAL can only be used in transaction blocks',
    );
  if (TRANSACTION_NAMES.has(name.toLowerCase())) {
    const isolation = name.toLowerCase() === 'transaction_isolation';
    session.block.setModes({
      isolation: isolation ? (value as 'serializable' | null) : null,
      readOnly: isolation ? null : value === 'on',
      deferrable: null,
    });
    return;
  }
  if (ROLE_NAMES.has(name.toLowerCase())) {
    if (value === null || value === 'none' || value === session.user.name) return;
    throw new SqlError(
      'feature_not_supported',
      `SET ${name.toUpperCase().replace('_', ' ')} to another role is not supported`,
      { token: 0 },
    );
  }
  session.settings.set(name, value, local);
}

function show(session: Session, name: string | null): UtilityResult {
  if (name === null)
    return done(
      'SHOW',
      [...session.settings.all()].map(([n, v]) => [n, v, '']),
    );
  const value = shown(session, name.toLowerCase());
  if (value === null) throw new SqlError('undefined_object', `unrecognized configuration parameter "${name}"`);
  return done('SHOW', [[value]]);
}

function shown(session: Session, name: string): string | null {
  if (name === 'transaction_isolation') return session.block.isolationName;
  if (name === 'transaction_read_only') return session.block.readOnly ? 'on' : 'off';
  return session.settings.get(name);
}
