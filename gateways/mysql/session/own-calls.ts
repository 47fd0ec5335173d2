import type { EngineSession } from './engine-session.js';
import { quoted } from './text.js';

/** What functions that ask for the session are answered from. */
interface Asked {
  readonly engine: Pick<EngineSession, 'lastInsertId'>;
  readonly connection: number;
  readonly version: string;
  readonly user: string;
}

/** SQL of the answer to a function without arguments; undefined = it does not ask for the session. */
export function ownCall(name: string, asked: Asked, database: string | null): string | undefined {
  switch (name) {
    case 'last_insert_id':
      return String(asked.engine.lastInsertId);
    case 'connection_id':
      return String(asked.connection);
    case 'version':
      return quoted(asked.version);
    case 'schema':
      return database === null ? 'NULL' : quoted(database);
    case 'user':
    case 'current_user':
    case 'session_user':
    case 'system_user':
      return quoted(`${asked.user}@%`);
    default:
      return undefined;
  }
}
