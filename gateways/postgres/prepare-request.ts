import { OP, REPLY, type Reply } from '#schemas/link/frames.js';
import type { BoundStatement, StatementContext } from '../link/statement-contexts.js';
import type { Entry } from './entry.js';
import { positionIn, type TokenPosition } from './errors.js';
import type { StatementText } from './execute-request.js';
import type { Session } from './session.js';

/** Makes a statement known to the engine and to a context; `done` is called when it is, and not when it is refused. */
export class PrepareRequest implements Entry {
  readonly group: number;
  readonly awaiting = true;
  readonly endures = false;
  readonly position: TokenPosition;
  readonly #session: Session;
  readonly #statement: StatementText;
  readonly #context: StatementContext;
  readonly #number: number;
  readonly #done: (bound: BoundStatement) => void;
  readonly #failed: () => void;

  constructor(
    session: Session,
    statement: StatementText,
    done: (bound: BoundStatement) => void,
    failed: () => void = () => {},
    context: StatementContext = session.context,
  ) {
    this.group = session.group;
    this.#session = session;
    this.#statement = statement;
    this.#context = context;
    this.#number = session.link.nextStatement();
    this.#done = done;
    this.#failed = failed;
    this.position = positionIn(session.source, statement.sql, statement.shape);
  }

  send(): void {
    const { shape, types } = this.#statement;
    this.#session.request([OP.prepare, this.#session.number, this.#number, shape.program ?? new Uint8Array(0), types]);
    this.#session.push(this, true);
  }

  onReply(reply: Reply): boolean {
    if (reply[0] === REPLY.described) {
      const bound = { number: this.#number, parameters: reply[3], columns: reply[4], forgotten: false };
      this.#done(this.#context.add(this.#statement.key, bound));
    } else if (reply[0] === REPLY.failure) {
      this.#session.failedBy(reply, this.position);
      this.#failed();
    } else {
      this.#session.violated(`unexpected reply ${reply[0]} to Prepare`);
    }
    return true;
  }

  run(): void {}

  skip(): void {}

  cancel(): boolean {
    return false;
  }
}
