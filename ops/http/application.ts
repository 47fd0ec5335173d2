import { randomUUID } from 'node:crypto';
import fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { metricsText } from './metrics.js';
import { type ProjectionControl, projectionRoutes } from './projection-routes.js';
import { registryRoutes } from './registry-routes.js';

/** A call to the engine's process. */
export type EngineCall = (method: string, ...args: readonly unknown[]) => Promise<unknown>;

export interface ApplicationOptions {
  readonly engine: EngineCall;
  /** A call to the gateway's process; answers null where it has none of its own. */
  readonly gateway: (method: string) => Promise<unknown>;
  /** Clients may connect. */
  ready(): boolean;
  /** A foreign registry is in use: ours does not answer. */
  readonly externalRegistry: string | null;
  readonly projections: ProjectionControl;
  readonly logger: Logger;
}

/** Health, metrics and the schema registry over HTTP. Each request has an id, in its answer's x-request-id and in the log at level debug. */
export function application(options: ApplicationOptions): FastifyInstance {
  const { engine, gateway, logger } = options;
  const app = fastify({ logger: false, bodyLimit: 16 << 20, genReqId: () => randomUUID() });
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    // The route, not the URL: queries may hold what nobody should log.
    const route = request.routeOptions.url ?? 'unknown';
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    logger.debug({ requestId: request.id, method: request.method, route, status: reply.statusCode, ms }, 'request');
  });
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    if (options.ready()) return { status: 'ready' };
    return reply.code(503).send({ status: 'starting' });
  });
  app.get('/metrics', async (_request, reply) =>
    reply
      .type('text/plain; version=0.0.4; charset=utf-8')
      .send(await metricsText({ engine, gateway, ready: options.ready() })),
  );
  projectionRoutes(app, options.projections);
  if (options.externalRegistry === null) registryRoutes(app, engine);
  return app;
}
