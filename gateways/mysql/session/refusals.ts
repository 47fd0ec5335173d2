import type { Failure } from '#schemas/link/frames.js';
import { SQLSTATES } from '#schemas/sqlstate/conditions.js';
import { mysqlError } from '#schemas/sqlstate/mysql-numbers.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Refusal } from '../wire/answers.js';

/** A refusal of the engine's, on its way to the client. */
export class EngineRefusal extends Error {
  override readonly name = 'EngineRefusal';
  readonly sqlstate: string;
  readonly detail: string;
  readonly constraint: string;

  constructor([, , sqlstate, message, fields]: Failure) {
    super(message);
    this.sqlstate = sqlstate;
    this.detail = String(fields['detail'] ?? '');
    this.constraint = String(fields['constraint'] ?? '');
  }
}

/** A refusal that only MySQL has, by its own number. */
export class MysqlRefusal extends Error {
  override readonly name = 'MysqlRefusal';
  readonly number: number;
  readonly sqlstate: string;

  constructor(number: number, sqlstate: string, message: string) {
    super(message);
    this.number = number;
    this.sqlstate = sqlstate;
  }
}

/** The engine's SQLSTATE of an error; '' where it has none. */
export function sqlstateOf(error: unknown): string {
  if (error instanceof EngineRefusal) return error.sqlstate;
  return error instanceof SqlError ? SQLSTATES[error.condition] : '';
}

/** An error as the client is told of it. What is no refusal is a bug: `onBug` hears of it, the client learns that much. */
export function refusalOf(error: unknown, onBug: (error: unknown) => void): Refusal {
  if (error instanceof MysqlRefusal) return { number: error.number, sqlstate: error.sqlstate, message: error.message };
  const sqlstate = sqlstateOf(error);
  if (sqlstate === '' || !(error instanceof Error)) {
    onBug(error);
    return { number: 1815, sqlstate: 'HY000', message: 'Internal error' };
  }
  const detail = error instanceof EngineRefusal ? error.detail : (error as SqlError).details.detail;
  if (/^no schema has been selected/.test(error.message))
    return { number: 1046, sqlstate: '3D000', message: 'No database selected' };
  const range = error instanceof EngineRefusal ? /^(.*) is (?:tiny|small|medium|big)?int/.exec(error.constraint) : null;
  if (range !== null)
    return { number: 1264, sqlstate: '22003', message: `Out of range value for column '${range[1]}'` };
  const known = mysqlError(sqlstate);
  const number = known.number === 1452 && /is still referenced/.test(detail ?? '') ? 1451 : known.number;
  return { number, sqlstate: known.sqlstate, message: detail ? `${error.message}: ${detail}` : error.message };
}
