import type { Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row } from '#schemas/values/value.js';
import { prepare } from '../planner/prepare.js';
import type { MaybePromise } from '../rows/reading.js';
import type { ScrolledRows } from './cursor.js';
import type { Session } from './session.js';
import type { UtilityResult } from './utility.js';

type Declare = Extract<Statement, { kind: 'declare-cursor' }>;
type Fetch = Extract<Statement, { kind: 'fetch-cursor' }>;
type Cursor = NonNullable<ReturnType<Session['cursors']['get']>>;
type Close = Extract<Statement, { kind: 'close-cursor' }>;

/** DECLARE CURSOR: opens the query; rows are made as they are fetched, and kept where it is to scroll. */
export function declareCursor(session: Session, statement: Declare): MaybePromise<UtilityResult> {
  if (!session.block.explicit)
    throw new SqlError('no_active_sql_transaction', 'DECLARE CURSOR can only be used in transaction blocks');
  if (statement.hold !== null)
    throw new SqlError('feature_not_supported', 'DECLARE CURSOR WITH HOLD is not supported', {
      token: statement.hold,
    });
  if (session.cursors.has(statement.name))
    throw new SqlError('duplicate_cursor', `cursor "${statement.name}" already exists`);
  const open = (context: Parameters<typeof prepare>[2]): MaybePromise<UtilityResult> => {
    const transaction = session.block.require();
    const plan = prepare({ kind: 'query', query: statement.query }, [], context);
    for (const [table, mode] of plan.lockModes) {
      const waiting = transaction.lockTable(table, mode, false);
      // The catalog may be another by then.
      if (waiting instanceof Promise) return waiting.then(() => declareCursor(session, statement));
    }
    transaction.beginStatement();
    session.cursors.set(statement.name, {
      execution: plan.execute(session.surroundings.runContext(transaction), []),
      plan,
      rest: [],
      scroll: statement.scroll === true ? { rows: [], at: 0 } : null,
    });
    return { verb: 'DECLARE CURSOR', count: -1, rows: null };
  };
  const context = session.surroundings.prepareContext();
  return context instanceof Promise ? context.then(open) : open(context);
}

const FORWARD: ReadonlySet<string> = new Set(['next', 'forward', 'all']);

/** FETCH and MOVE; backward where the cursor was declared with SCROLL. */
export async function fetchCursor(session: Session, statement: Fetch): Promise<UtilityResult> {
  session.block.require();
  const cursor = session.cursors.get(statement.name);
  if (cursor === undefined) throw new SqlError('invalid_cursor_name', `cursor "${statement.name}" does not exist`);
  if (cursor.scroll !== null) {
    const rows = await fetchScrolling(cursor, cursor.scroll, statement);
    return { verb: statement.move ? 'MOVE' : 'FETCH', count: rows.length, rows: statement.move ? null : rows };
  }
  if (!FORWARD.has(statement.direction) || (statement.count ?? 0) < 0) {
    throw new SqlError('object_not_in_prerequisite_state', 'cursor can only scan forward', {
      hint: 'Declare it with SCROLL option to enable backward scan.',
    });
  }
  const wanted = statement.count ?? Number.POSITIVE_INFINITY;
  const rows: Row[] = [];
  while (rows.length < wanted) {
    const batch = cursor.rest.length > 0 ? cursor.rest : await cursor.execution.next();
    if (batch === null) break;
    const room = wanted - rows.length;
    for (const row of room >= batch.length ? batch : batch.slice(0, room)) rows.push(row);
    cursor.rest = room >= batch.length ? [] : batch.slice(room);
  }
  if (session.control.sleepMs > 0) await session.control.sleep();
  return { verb: statement.move ? 'MOVE' : 'FETCH', count: rows.length, rows: statement.move ? null : rows };
}

/** FETCH in any direction over the rows that have been read so far, reading on as far as it has to. `at` is 0 before the first row. */
async function fetchScrolling(cursor: Cursor, seen: ScrolledRows, statement: Fetch): Promise<readonly Row[]> {
  const count = statement.count ?? Number.POSITIVE_INFINITY;
  const readTo = async (wanted: number): Promise<void> => {
    while (seen.rows.length < wanted) {
      const batch = await cursor.execution.next();
      if (batch === null) return;
      for (const row of batch) seen.rows.push(row);
    }
  };
  if (statement.direction === 'absolute' || statement.direction === 'relative') {
    if (statement.direction === 'absolute' && count < 0) await readTo(Number.POSITIVE_INFINITY);
    const from = statement.direction === 'relative' ? seen.at : count < 0 ? seen.rows.length + 1 : 0;
    const target = Math.max(from + count, 0);
    await readTo(target);
    seen.at = Math.min(target, seen.rows.length + 1);
    const row = seen.rows[seen.at - 1];
    return row === undefined ? [] : [row];
  }
  const forward = (statement.direction === 'forward') === count >= 0;
  const steps = Math.abs(count);
  if (steps === 0) {
    const row = seen.rows[seen.at - 1];
    return row === undefined ? [] : [row];
  }
  if (forward) {
    await readTo(seen.at + steps);
    const rows = seen.rows.slice(seen.at, seen.at + steps);
    seen.at = rows.length < steps ? seen.rows.length + 1 : seen.at + steps;
    return rows;
  }
  const low = Math.max(seen.at - 1 - steps, 0);
  const rows = seen.rows.slice(low, Math.max(seen.at - 1, 0)).reverse();
  seen.at = rows.length < steps ? 0 : low + 1;
  return rows;
}

export function closeCursor(session: Session, statement: Close): UtilityResult {
  if (statement.name === null) {
    for (const cursor of session.cursors.values()) cursor.execution.close();
    session.cursors.clear();
    return { verb: 'CLOSE CURSOR ALL', count: -1, rows: null };
  }
  const cursor = session.cursors.get(statement.name);
  if (cursor === undefined) throw new SqlError('invalid_cursor_name', `cursor "${statement.name}" does not exist`);
  cursor.execution.close();
  session.cursors.delete(statement.name);
  return { verb: 'CLOSE CURSOR', count: -1, rows: null };
}
