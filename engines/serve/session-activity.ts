import type { ActivityPort } from '../catalog/pg-catalog/activity.js';
import type { Cells } from '../catalog/virtual-table.js';
import type { GatewayConnection } from './connection.js';
import type { Session } from './session.js';

/** The engine's sessions as pg_stat_activity shows them. Statements are programs here: their text stays in the gateway. */
export class SessionActivity implements ActivityPort {
  readonly connections = new Set<GatewayConnection>();

  *sessions(): Iterable<Cells> {
    for (const connection of this.connections)
      for (const session of connection.sessions.values()) yield cellsOf(session);
  }

  locks(): Iterable<Cells> {
    return [];
  }
}

function cellsOf(session: Session): Cells {
  const { database, user, settings, id, startedMicros } = session;
  return {
    datid: database.id,
    datname: database.name,
    pid: id,
    usesysid: user.id,
    usename: user.name,
    application_name: settings.text('application_name'),
    backend_start: startedMicros,
    state: stateOf(session),
    backend_type: 'client backend',
  };
}

function stateOf({ running, block }: Session): string {
  if (running) return 'active';
  return ['idle', 'idle in transaction', 'idle in transaction (aborted)'][block.state] as string;
}
