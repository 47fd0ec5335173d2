import type { Engine } from '#engines/serve/engine.js';
import { FINISH, LINK_VERSION, OP, REPLY, type Reply, type Request } from '#schemas/link/frames.js';
import { inProcessLink } from '#schemas/link/in-process-transport.js';
import { encodeProgram } from '#schemas/program/encode.js';
import type { Statement } from '#schemas/program/statement.js';

const SESSION = 1;
const STATEMENT = 1;

/** What the engine refused, with its SQLSTATE. */
class StatementRefused extends Error {
  override readonly name = 'StatementRefused';
  readonly sqlstate: string;
  constructor(sqlstate: string, message: string) {
    super(message);
    this.sqlstate = sqlstate;
  }
}

/**
 * Runs one statement for the node's operator: as a superuser, without a password, because whoever can reach this already owns the
 * node's files. Durable when resolved. Rejects with StatementRefused.
 */
export async function runForOperator(engine: Engine, database: string, statement: Statement): Promise<void> {
  const user = engine.superuser();
  if (user === null) throw new Error('the cluster has no superuser left');
  const { client, peer } = inProcessLink();
  engine.acceptOperator(peer);
  const ask = (request: Request, closing: Reply[0]): Promise<void> =>
    new Promise((resolve, reject) => {
      client.onClose = () => reject(new Error('the engine is stopping'));
      client.onReply = (reply) => {
        if (reply[0] === closing) resolve();
        else if (reply[0] === REPLY.failure) reject(new StatementRefused(reply[2], reply[3]));
      };
      client.send(request);
    });
  try {
    await ask([OP.hello, 0, LINK_VERSION, 'operator', process.pid], REPLY.welcome);
    await ask([OP.open, SESSION, user, database, 'none', 'operator', {}], REPLY.ready);
    await ask([OP.prepare, SESSION, STATEMENT, encodeProgram(statement), []], REPLY.described);
    await ask([OP.execute, SESSION, STATEMENT, 0, 0, FINISH, []], REPLY.done);
  } finally {
    client.close();
  }
}
