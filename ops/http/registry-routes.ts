import type { FastifyInstance, FastifyReply } from 'fastify';
import { type RegisteredSchema, RegistryError } from '#schemas/registry/registry.js';
import type { EngineCall } from './application.js';

const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json';

interface Named {
  readonly subject: string;
  readonly version: string;
  readonly id: string;
}

interface SchemaBody {
  readonly schema?: unknown;
  readonly schemaType?: unknown;
  readonly references?: unknown;
}

type Query = Readonly<Record<string, string | undefined>>;

/** Confluent's registry API (its "Schema Registry API Reference"), version 1, for Avro. */
export function registryRoutes(app: FastifyInstance, engine: EngineCall): void {
  readBodies(app);
  answerFaults(app);
  app.get('/', (_request, reply) => answer(reply, async () => ({})));
  subjectRoutes(app, engine);
  schemaRoutes(app, engine);
  compatibilityRoutes(app, engine);
  configurationRoutes(app, engine);
  modeRoutes(app);
}

/** JSON under each of the API's names for it. Clients send the header also where they send no body. */
function readBodies(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser(
    ['application/vnd.schemaregistry.v1+json', 'application/vnd.schemaregistry+json', 'application/json'],
    { parseAs: 'string' },
    (_request, body, done) => {
      if (body === '') {
        done(null, undefined);
        return;
      }
      try {
        done(null, JSON.parse(String(body)));
      } catch (error) {
        done(new RegistryError(400, 400, `the body is not JSON: ${(error as Error).message}`));
      }
    },
  );
}

/** What goes wrong outside the routes, in the API's form. */
function answerFaults(app: FastifyInstance): void {
  app.setNotFoundHandler((_request, reply) =>
    answer(reply, () => Promise.reject(new RegistryError(404, 404, 'HTTP 404 Not Found'))),
  );
  app.setErrorHandler((error: Error & { statusCode?: number; status?: number; code?: unknown }, _request, reply) => {
    const status = error.status ?? error.statusCode ?? 500;
    return answer(reply, () => Promise.reject(new RegistryError(status, status, error.message)));
  });
}

function subjectRoutes(app: FastifyInstance, engine: EngineCall): void {
  const deleted = (query: unknown): boolean => (query as Query)['deleted'] === 'true';
  const permanent = (query: unknown): boolean => (query as Query)['permanent'] === 'true';
  const version = (params: Named, query: unknown): Promise<RegisteredSchema> =>
    engine('registry.version', params.subject, params.version, deleted(query)) as Promise<RegisteredSchema>;

  app.get('/subjects', ({ query }, reply) =>
    answer(reply, async () => {
      const all = (await engine('registry.subjects', deleted(query))) as string[];
      const prefix = (query as Query)['subjectPrefix'] ?? '';
      return all.filter((subject) => subject.startsWith(prefix));
    }),
  );
  app.post<{ Params: Named }>('/subjects/:subject', ({ params, body }, reply) =>
    answer(reply, async () =>
      shown((await engine('registry.lookup', params.subject, schemaOf(body))) as RegisteredSchema),
    ),
  );
  app.delete<{ Params: Named }>('/subjects/:subject', ({ params, query }, reply) =>
    answer(reply, () => engine('registry.remove', params.subject, null, permanent(query))),
  );
  app.get<{ Params: Named }>('/subjects/:subject/versions', ({ params, query }, reply) =>
    answer(reply, () => engine('registry.versions', params.subject, deleted(query))),
  );
  app.post<{ Params: Named }>('/subjects/:subject/versions', ({ params, body }, reply) =>
    answer(reply, async () => ({ id: await engine('registry.register', params.subject, schemaOf(body)) })),
  );
  app.get<{ Params: Named }>('/subjects/:subject/versions/:version', ({ params, query }, reply) =>
    answer(reply, async () => shown(await version(params, query))),
  );
  app.get<{ Params: Named }>('/subjects/:subject/versions/:version/schema', ({ params, query }, reply) =>
    answer(reply, async () => JSON.parse((await version(params, query)).schema)),
  );
  // Schemas refer to no others here.
  app.get<{ Params: Named }>('/subjects/:subject/versions/:version/referencedby', ({ params, query }, reply) =>
    answer(reply, async () => {
      await version(params, query);
      return [];
    }),
  );
  app.delete<{ Params: Named }>('/subjects/:subject/versions/:version', ({ params, query }, reply) =>
    answer(reply, async () => {
      const removed = await engine('registry.remove', params.subject, params.version, permanent(query));
      return (removed as number[])[0];
    }),
  );
}

function shown({ subject, version, id, schema }: RegisteredSchema): object {
  return { subject, version, id, schema };
}

function schemaRoutes(app: FastifyInstance, engine: EngineCall): void {
  const byId = async (id: string): Promise<string> => {
    const text = /^\d{1,9}$/.test(id) ? ((await engine('registry.schema', Number(id))) as string | null) : null;
    if (text === null) throw new RegistryError(404, 40403, `Schema ${id} not found`);
    return text;
  };
  const uses = async (id: string): Promise<RegisteredSchema[]> => {
    await byId(id);
    return (await engine('registry.uses', Number(id))) as RegisteredSchema[];
  };
  app.get('/schemas/types', (_request, reply) => answer(reply, async () => ['AVRO']));
  app.get<{ Params: Named }>('/schemas/ids/:id', ({ params }, reply) =>
    answer(reply, async () => ({ schema: await byId(params.id) })),
  );
  app.get<{ Params: Named }>('/schemas/ids/:id/schema', ({ params }, reply) =>
    answer(reply, async () => JSON.parse(await byId(params.id))),
  );
  app.get<{ Params: Named }>('/schemas/ids/:id/versions', ({ params }, reply) =>
    answer(reply, async () => (await uses(params.id)).map(({ subject, version }) => ({ subject, version }))),
  );
  app.get<{ Params: Named }>('/schemas/ids/:id/subjects', ({ params }, reply) =>
    answer(reply, async () => [...new Set((await uses(params.id)).map(({ subject }) => subject))]),
  );
}

function compatibilityRoutes(app: FastifyInstance, engine: EngineCall): void {
  const check = async (subject: string, version: string | null, body: unknown, query: unknown): Promise<object> => {
    const messages = (await engine('registry.check', subject, version, schemaOf(body))) as string[];
    const verbose = (query as Query)['verbose'] === 'true';
    return { is_compatible: messages.length === 0, ...(verbose ? { messages } : {}) };
  };
  app.post<{ Params: Named }>('/compatibility/subjects/:subject/versions/:version', ({ params, body, query }, reply) =>
    answer(reply, () => check(params.subject, params.version, body, query)),
  );
  app.post<{ Params: Named }>('/compatibility/subjects/:subject/versions', ({ params, body, query }, reply) =>
    answer(reply, () => check(params.subject, null, body, query)),
  );
}

function configurationRoutes(app: FastifyInstance, engine: EngineCall): void {
  const get = async (subject: string, orGlobal = false): Promise<object> => {
    const own = (await engine('registry.compatibility', subject)) as string | null;
    const level = own ?? (orGlobal ? await engine('registry.compatibility', '') : null);
    if (level !== null) return { compatibilityLevel: level };
    const text = `Subject '${subject}' does not have subject-level compatibility configured`;
    throw new RegistryError(404, 40408, text);
  };
  const put = async (subject: string, body: unknown): Promise<object> => {
    const { compatibility } = (body ?? {}) as { compatibility?: unknown };
    // Null would take the setting away: that is what DELETE is for.
    const level = typeof compatibility === 'string' ? compatibility.toUpperCase() : '';
    await engine('registry.setCompatibility', subject, level);
    return { compatibility: level };
  };
  const remove = async (subject: string): Promise<object> => {
    const before = await get(subject);
    await engine('registry.setCompatibility', subject, null);
    return before;
  };
  app.get('/config', (_request, reply) => answer(reply, () => get('')));
  app.put('/config', ({ body }, reply) => answer(reply, () => put('', body)));
  app.delete('/config', (_request, reply) => answer(reply, () => remove('')));
  app.get<{ Params: Named }>('/config/:subject', ({ params, query }, reply) =>
    answer(reply, () => get(params.subject, (query as Query)['defaultToGlobal'] === 'true')),
  );
  app.put<{ Params: Named }>('/config/:subject', ({ params, body }, reply) =>
    answer(reply, () => put(params.subject, body)),
  );
  app.delete<{ Params: Named }>('/config/:subject', ({ params }, reply) => answer(reply, () => remove(params.subject)));
}

/** There is one mode: a registry that is part of the log can neither import ids nor be read-only by itself. */
function modeRoutes(app: FastifyInstance): void {
  const refuse = (reply: FastifyReply): Promise<unknown> =>
    answer(reply, () =>
      Promise.reject(new RegistryError(422, 42205, 'Operation not permitted: the mode is READWRITE')),
    );
  for (const path of ['/mode', '/mode/:subject']) {
    app.get(path, (_request, reply) => answer(reply, async () => ({ mode: 'READWRITE' })));
    app.put(path, ({ body }, reply) => {
      const { mode } = (body ?? {}) as { mode?: unknown };
      return mode === 'READWRITE' ? answer(reply, async () => ({ mode })) : refuse(reply);
    });
  }
}

async function answer(reply: FastifyReply, run: () => Promise<unknown>): Promise<unknown> {
  reply.type(CONTENT_TYPE);
  try {
    return body(await run());
  } catch (error) {
    const { status, code, message } = error as { status?: number | null; code?: number | null; message: string };
    reply.code(status ?? 500);
    // 50001 is the API's "error in the backend data store".
    return body({ error_code: code ?? (status ?? 500) * 100 + 1, message });
  }
}

/** Bytes, because fastify would add a charset to the type of a text, and the API's clients compare the type. */
function body(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function schemaOf(body: unknown): string {
  const { schema, schemaType, references } = (body ?? {}) as SchemaBody;
  const invalid = (why: string): RegistryError => new RegistryError(422, 42201, why);
  if (schemaType !== undefined && schemaType !== 'AVRO')
    throw invalid(`Invalid schema type ${String(schemaType)}: only AVRO is kept here`);
  if (Array.isArray(references) && references.length > 0)
    throw invalid('References to other schemas are not supported');
  if (typeof schema !== 'string') throw invalid('Empty schema');
  return schema;
}
