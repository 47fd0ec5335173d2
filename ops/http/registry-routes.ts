import type { FastifyInstance, FastifyReply } from 'fastify';
import type { RegisteredSchema } from '#schemas/registry/registry.js';
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
}

/** Confluent's registry API (its "Schema Registry API Reference"), version 1, for Avro. */
export function registryRoutes(app: FastifyInstance, engine: EngineCall): void {
  app.addContentTypeParser(
    ['application/vnd.schemaregistry.v1+json', 'application/vnd.schemaregistry+json'],
    { parseAs: 'string' },
    app.getDefaultJsonParser('error', 'error'),
  );
  const shown = ({ subject, version, id, schema }: RegisteredSchema): object => ({ subject, version, id, schema });
  const flag = (query: unknown, name: string): boolean =>
    (query as Record<string, string | undefined>)[name] === 'true';

  app.get('/subjects', (request, reply) =>
    answer(reply, () => engine('registry.subjects', flag(request.query, 'deleted'))),
  );
  app.get<{ Params: Named }>('/subjects/:subject/versions', ({ params }, reply) =>
    answer(reply, () => engine('registry.versions', params.subject)),
  );
  app.get<{ Params: Named }>('/subjects/:subject/versions/:version', ({ params }, reply) =>
    answer(reply, async () =>
      shown((await engine('registry.version', params.subject, params.version)) as RegisteredSchema),
    ),
  );
  app.get<{ Params: Named }>('/subjects/:subject/versions/:version/schema', ({ params }, reply) =>
    answer(reply, async () =>
      JSON.parse(((await engine('registry.version', params.subject, params.version)) as RegisteredSchema).schema),
    ),
  );
  app.post<{ Params: Named }>('/subjects/:subject/versions', ({ params, body }, reply) =>
    answer(reply, async () => ({ id: await engine('registry.register', params.subject, schemaOf(body)) })),
  );
  app.post<{ Params: Named }>('/subjects/:subject', ({ params, body }, reply) =>
    answer(reply, async () =>
      shown((await engine('registry.lookup', params.subject, schemaOf(body))) as RegisteredSchema),
    ),
  );
  app.delete<{ Params: Named }>('/subjects/:subject', ({ params, query }, reply) =>
    answer(reply, () => engine('registry.remove', params.subject, null, flag(query, 'permanent'))),
  );
  app.delete<{ Params: Named }>('/subjects/:subject/versions/:version', ({ params, query }, reply) =>
    answer(
      reply,
      async () =>
        ((await engine('registry.remove', params.subject, params.version, flag(query, 'permanent'))) as number[])[0],
    ),
  );
  app.get('/schemas/types', (_request, reply) => answer(reply, async () => ['AVRO']));
  const byId = async (id: string): Promise<string> => {
    const text = (await engine('registry.schema', Number(id))) as string | null;
    if (text === null) throw Object.assign(new Error(`Schema ${id} not found`), { status: 404, code: 40403 });
    return text;
  };
  app.get<{ Params: Named }>('/schemas/ids/:id', ({ params }, reply) =>
    answer(reply, async () => ({ schema: await byId(params.id) })),
  );
  app.get<{ Params: Named }>('/schemas/ids/:id/schema', ({ params }, reply) =>
    answer(reply, async () => JSON.parse(await byId(params.id))),
  );
  const uses = async (id: string): Promise<RegisteredSchema[]> =>
    (await engine('registry.uses', Number(id))) as RegisteredSchema[];
  app.get<{ Params: Named }>('/schemas/ids/:id/versions', ({ params }, reply) =>
    answer(reply, async () => (await uses(params.id)).map(({ subject, version }) => ({ subject, version }))),
  );
  app.get<{ Params: Named }>('/schemas/ids/:id/subjects', ({ params }, reply) =>
    answer(reply, async () => (await uses(params.id)).map((u) => u.subject)),
  );
  configurationRoutes(app, engine);
  app.post<{ Params: Named }>('/compatibility/subjects/:subject/versions/:version', ({ params, body }, reply) =>
    answer(reply, () => compatibility(engine, params.subject, params.version, schemaOf(body))),
  );
  app.post<{ Params: Named }>('/compatibility/subjects/:subject/versions', ({ params, body }, reply) =>
    answer(reply, () => compatibility(engine, params.subject, null, schemaOf(body))),
  );
  app.get('/mode', (_request, reply) => answer(reply, async () => ({ mode: 'READWRITE' })));
}

async function answer(reply: FastifyReply, run: () => Promise<unknown>): Promise<unknown> {
  reply.type(CONTENT_TYPE);
  try {
    return JSON.stringify(await run());
  } catch (error) {
    const { status, code, message } = error as { status?: number | null; code?: number | null; message: string };
    reply.code(status ?? 500);
    return JSON.stringify({ error_code: code ?? (status ?? 500) * 100 + 1, message });
  }
}

function schemaOf(body: unknown): string {
  const { schema, schemaType } = (body ?? {}) as SchemaBody;
  if (schemaType !== undefined && schemaType !== 'AVRO')
    throw Object.assign(new Error(`Invalid schema type ${String(schemaType)}: only AVRO is kept here`), {
      status: 422,
      code: 42201,
    });
  if (typeof schema !== 'string') throw Object.assign(new Error('Empty schema'), { status: 422, code: 42201 });
  return schema;
}

async function compatibility(
  engine: EngineCall,
  subject: string,
  version: string | null,
  schema: string,
): Promise<object> {
  const messages = (await engine('registry.check', subject, version, schema)) as string[];
  return { is_compatible: messages.length === 0, ...(messages.length === 0 ? {} : { messages }) };
}

function configurationRoutes(app: FastifyInstance, engine: EngineCall): void {
  const get = async (subject: string): Promise<object> => {
    const level = (await engine('registry.compatibility', subject)) as string | null;
    if (level === null)
      throw Object.assign(new Error(`Subject '${subject}' does not have subject-level compatibility configured`), {
        status: 404,
        code: 40408,
      });
    return { compatibilityLevel: level };
  };
  const put = async (subject: string, body: unknown): Promise<object> => {
    const { compatibility: level } = (body ?? {}) as { compatibility?: unknown };
    await engine('registry.setCompatibility', subject, level);
    return { compatibility: level };
  };
  app.get('/config', (_request, reply) => answer(reply, () => get('')));
  app.put('/config', ({ body }, reply) => answer(reply, () => put('', body)));
  app.get<{ Params: Named }>('/config/:subject', ({ params, query }, reply) =>
    answer(reply, () =>
      get(params.subject).catch((error: unknown) =>
        (query as Record<string, string>)['defaultToGlobal'] === 'true' ? get('') : Promise.reject(error as Error),
      ),
    ),
  );
  app.put<{ Params: Named }>('/config/:subject', ({ params, body }, reply) =>
    answer(reply, () => put(params.subject, body)),
  );
  app.delete<{ Params: Named }>('/config/:subject', ({ params }, reply) =>
    answer(reply, async () => {
      const before = await get(params.subject);
      await engine('registry.setCompatibility', params.subject, null);
      return before;
    }),
  );
}
