import type { FastifyInstance } from 'fastify';
import type { EngineCall } from './application.js';

/** The database in which the node's own users act. */
const DATABASE = 'polylog';

interface Body {
  readonly name?: unknown;
  readonly password?: unknown;
  readonly superuser?: unknown;
}

/** What POST /admin/users answers when it did not make the user. */
interface Refusal {
  readonly message: string;
}

/** User and password of an Authorization header; null where there is none of the kind Basic. */
function credentialsOf(header: string | undefined): { readonly user: string; readonly password: string } | null {
  const match = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '');
  if (match === null) return null;
  const text = Buffer.from(match[1] as string, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** POST /admin/users {name, password, superuser}: CREATE USER with the rights of the user in the Authorization header. */
export function userRoutes(app: FastifyInstance, engine: EngineCall): void {
  app.post<{ Body: Body | null; Reply: Refusal | null }>('/admin/users', async ({ headers, body }, reply) => {
    const caller = credentialsOf(headers.authorization);
    const isKnown = caller !== null && (await engine('user.isPassword', caller.user, caller.password)) === true;
    if (!isKnown) return reply.code(401).header('www-authenticate', 'Basic').send({ message: 'not authenticated' });
    const { name, password, superuser } = body ?? {};
    if (typeof name !== 'string' || name === '' || typeof password !== 'string' || password === '')
      return reply.code(400).send({ message: 'name and password must be texts' });
    try {
      const administrator = { user: caller.user, database: DATABASE };
      await engine('user.add', administrator, { name, password, superuser: superuser === true });
    } catch (error) {
      return reply.code(400).send({ message: (error as Error).message });
    }
    return reply.code(201).send(null);
  });
}
