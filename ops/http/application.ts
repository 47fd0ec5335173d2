import fastify, { type FastifyInstance } from 'fastify';
import { metricsText } from './metrics.js';
import { registryRoutes } from './registry-routes.js';
import { userRoutes } from './user-routes.js';

/** A call to the engine's process. */
export type EngineCall = (method: string, ...args: readonly unknown[]) => Promise<unknown>;

export interface ApplicationOptions {
  readonly engine: EngineCall;
  /** Clients may connect. */
  ready(): boolean;
  /** A foreign registry is in use: ours does not answer. */
  readonly externalRegistry: string | null;
}

/** Health, metrics, users and the schema registry over HTTP. */
export function application(options: ApplicationOptions): FastifyInstance {
  const app = fastify({ logger: false, bodyLimit: 16 << 20 });
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    if (options.ready()) return { status: 'ready' };
    return reply.code(503).send({ status: 'starting' });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metricsText(options.engine, options.ready())),
  );
  userRoutes(app, options.engine);
  if (options.externalRegistry === null) registryRoutes(app, options.engine);
  return app;
}
