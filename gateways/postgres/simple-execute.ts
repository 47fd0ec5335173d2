import type { Done, ResultColumn } from '#schemas/link/frames.js';
import type { Row, Value } from '#schemas/values/value.js';
import { literalValues } from '../link/literal-values.js';
import type { BoundStatement } from '../link/statement-contexts.js';
import { CopyInFlow } from './copy/copy-in-flow.js';
import { type CopyOut, openCopyOut } from './copy/copy-out.js';
import { ExecuteRequest, type StatementText } from './execute-request.js';
import { writeCommandComplete } from './messages/command-complete.js';
import { writeRowDescription } from './messages/row-description.js';
import type { RowWriter } from './row-writer.js';
import type { Session } from './session.js';
import type { SimpleContinuation } from './simple-query.js';

/** One statement of a simple query: its rows in text behind their description. */
export class SimpleExecute extends ExecuteRequest {
  readonly #query: SimpleContinuation;
  readonly #literals: readonly Value[];
  readonly #isLast: boolean;
  #writer: RowWriter | CopyOut | null = null;

  /** `literals` are the statement's parameters: lifted literals, or the arguments of EXECUTE in their final form. */
  constructor(
    session: Session,
    query: SimpleContinuation,
    statement: StatementText,
    bound: BoundStatement | null,
    literals: readonly Value[],
    isLast: boolean,
  ) {
    // A COPY FROM STDIN ends its transaction with the end of its data.
    super(session, statement, bound, isLast && statement.shape.kind !== 'copy-in');
    this.#query = query;
    this.#literals = literals;
    this.#isLast = isLast;
  }

  protected values(bound: BoundStatement): readonly Value[] {
    const { shape } = this.statement;
    return shape.lifted.length === 0
      ? this.#literals
      : literalValues(shape, this.#literals, bound, this.session.format.context);
  }

  protected rows(rows: readonly Row[]): void {
    const { out, output } = this.session;
    const writer = (this.#writer ??= this.#open());
    for (let i = 0; i < rows.length; i++) {
      writer.write(out, rows[i] as Row);
      output.relieve();
    }
  }

  protected done(reply: Done): void {
    const { out } = this.session;
    const columns = this.bound?.columns ?? null;
    if (columns !== null) this.#writer ??= this.#open();
    let count = reply[3];
    if (this.statement.shape.kind === 'copy-out') {
      (this.#writer ??= this.#open()).end(out);
      count = this.rowCount;
    } else if (columns !== null && reply[2] === 'SELECT') {
      count = this.rowCount;
    }
    writeCommandComplete(out, reply[2], count);
    this.#query.advance();
  }

  protected suspended(): void {}

  protected copyIn(columns: readonly ResultColumn[]): void {
    CopyInFlow.open(this.session, this.group, this.statement, columns, this.#isLast, this.#query);
  }

  protected failed(): void {
    this.#query.end();
  }

  /** Nothing was told yet. */
  protected acceptsChange(): boolean {
    return this.#writer === null;
  }

  #open(): RowWriter | CopyOut {
    const columns = this.bound?.columns ?? [];
    if (this.statement.shape.kind === 'copy-out') return openCopyOut(this.session, this.statement.shape, columns);
    writeRowDescription(this.session.out, columns, []);
    return this.session.format.textRows(columns);
  }
}
