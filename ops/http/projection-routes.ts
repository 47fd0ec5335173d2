import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ProjectionFigures, ProjectionStatus } from '../processes/projection-contract.js';
import type { Verification } from '../processes/verification.js';
import { Jobs } from './jobs.js';

/** What operators may ask of a node's projections. */
export interface ProjectionControl {
  /** Those that run, and those that have refused to go on. */
  list(): Promise<readonly ProjectionStatus[]>;
  /** Throws away what one has and folds the log again; resolves when it is where it was. Rejects for one that does not run. */
  rebuild(name: string): Promise<ProjectionFigures>;
  /** Digests of every tier, compared. */
  verify(): Promise<Verification>;
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/**
 * Projections over HTTP: what is long is a job, begun by a POST and asked about under /jobs. HTTP asks nobody for a password, so only this machine is heard here.
 */
export function projectionRoutes(app: FastifyInstance, control: ProjectionControl): void {
  const jobs = new Jobs();
  const local = async ({ ip }: FastifyRequest, reply: FastifyReply): Promise<unknown> =>
    LOOPBACK.has(ip) ? undefined : reply.code(403).send({ message: 'operators are heard from this machine only' });
  app.get('/projections', { preHandler: local }, () => control.list());
  app.post<{ Params: { name: string } }>('/projections/:name/rebuild', { preHandler: local }, ({ params }, reply) =>
    reply.code(202).send(jobs.start(() => control.rebuild(params.name))),
  );
  app.post('/verify', { preHandler: local }, (_request, reply) =>
    reply.code(202).send(jobs.start(() => control.verify())),
  );
  app.get<{ Params: { id: string } }>('/jobs/:id', { preHandler: local }, ({ params }, reply) => {
    const job = jobs.get(params.id);
    return job === null ? reply.code(404).send({ message: `there is no job ${params.id}` }) : reply.send(job);
  });
}
