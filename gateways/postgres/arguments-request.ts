import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Row, Value } from '#schemas/values/value.js';
import { ExecuteRequest, type StatementText } from './execute-request.js';
import type { Session } from './session.js';

/** Computes EXECUTE's arguments where they are more than literals: a query of one row. */
export class ArgumentsRequest extends ExecuteRequest {
  readonly #use: (values: ReadonlyArray<{ readonly type: SqlType; readonly value: Value }>) => void;
  readonly #failed: () => void;
  #row: Row = [];

  /** `use` may throw SqlError; `failed` is called when an error has been reported. */
  constructor(
    session: Session,
    statement: StatementText,
    use: (values: ReadonlyArray<{ readonly type: SqlType; readonly value: Value }>) => void,
    failed: () => void,
  ) {
    super(session, statement, session.context.get(statement.key) ?? null, false);
    this.#use = use;
    this.#failed = failed;
  }

  start(): void {
    this.send();
    this.session.push(this, true);
  }

  protected values(): readonly Value[] {
    return [];
  }

  protected rows(rows: readonly Row[]): void {
    this.#row = rows[0] ?? [];
  }

  protected done(): void {
    const columns = this.bound?.columns ?? [];
    try {
      this.#use(this.#row.map((value, i) => ({ type: columns[i]?.[1] ?? TYPES.text, value })));
    } catch (error) {
      this.session.refuse(error, this.position);
      this.#failed();
    }
  }

  protected suspended(): void {}

  protected copyIn(): void {
    throw new SqlError('internal_error', 'arguments of EXECUTE asked for COPY data');
  }

  protected failed(): void {
    this.#failed();
  }

  protected acceptsChange(): boolean {
    return true;
  }
}
