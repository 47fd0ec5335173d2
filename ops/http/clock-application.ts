import fastify, { type FastifyInstance } from 'fastify';
import { Counter, Gauge, Registry } from 'prom-client';
import type { MasterStatus } from '#log/clock/clock-master.js';

/** Health and figures of a clock's master over HTTP. */
export function clockApplication(status: () => MasterStatus): FastifyInstance {
  const app = fastify({ logger: false });
  app.get('/healthz', async () => ({ status: 'ok', leading: status().leading }));
  app.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metricsOf(status())),
  );
  return app;
}

function metricsOf({ leading, epoch, sent, failovers, uncertaintyNs, leadingForMs }: MasterStatus): Promise<string> {
  const registers = [new Registry()];
  const gauge = (name: string, help: string, value: number): void =>
    new Gauge({ name: `polylog_clock_master_${name}`, help, registers }).set(value);
  const counter = (name: string, help: string, value: number): void =>
    new Counter({ name: `polylog_clock_master_${name}_total`, help, registers }).inc(value);
  gauge('leading', '1 while this master tells the time', leading ? 1 : 0);
  gauge('epoch', 'Highest epoch that it has led or heard', epoch);
  gauge('uncertainty_seconds', 'Bound on its own error, as measured', uncertaintyNs / 1e9);
  gauge('leading_seconds', 'Since it leads', leadingForMs / 1e3);
  counter('beats', 'Beats sent', sent);
  counter('failovers', 'Times that it took over from another', failovers);
  return (registers[0] as Registry).metrics();
}
