import type { Statement } from '#schemas/program/statement.js';

/** Tags that do not hang on anything but the kind of statement. */
const TAGS: Readonly<Partial<Record<Statement['kind'], string>>> = {
  query: 'SELECT',
  'copy-in': 'COPY',
  'copy-out': 'COPY',
  truncate: 'TRUNCATE TABLE',
  'create-table-as': 'SELECT',
  'create-user': 'CREATE ROLE',
  'alter-user': 'ALTER ROLE',
  'release-savepoint': 'RELEASE',
  'rollback-to-savepoint': 'ROLLBACK',
  'set-transaction': 'SET',
  'declare-cursor': 'DECLARE CURSOR',
  'fetch-cursor': 'FETCH',
  'close-cursor': 'CLOSE CURSOR',
};

/** PostgreSQL's command tag of a statement, without the counts that some have. */
export function commandTag(statement: Statement): string {
  switch (statement.kind) {
    case 'drop':
      return statement.object === 'user' ? 'DROP ROLE' : `DROP ${statement.object.toUpperCase()}`;
    case 'grant': {
      const verb = statement.revoke ? 'REVOKE' : 'GRANT';
      return statement.object === 'role' ? `${verb} ROLE` : verb;
    }
    case 'alter-table':
      return `ALTER ${statement.object.toUpperCase()}`;
    case 'discard':
      return `DISCARD ${statement.target.toUpperCase()}`;
    case 'close-cursor':
      return statement.name === null ? 'CLOSE CURSOR ALL' : 'CLOSE CURSOR';
    case 'fetch-cursor':
      return statement.move ? 'MOVE' : 'FETCH';
    case 'maintain':
      return statement.action === 'vacuum analyze' ? 'VACUUM' : statement.action.toUpperCase();
    default:
      // create-table → CREATE TABLE, begin → BEGIN …
      return TAGS[statement.kind] ?? statement.kind.replaceAll('-', ' ').toUpperCase();
  }
}
