/** How a driver reaches a server. */
export interface Server {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/**
 * What a driver saw of a server: an answer by the name of what was tried. The same program talks to both servers, so equal
 * lists mean that it cannot tell them apart.
 */
export type Observations = Readonly<Record<string, unknown>>;

/** For programs in other languages. */
export function environmentOf(server: Server): Record<string, string> {
  return {
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: server.user,
    PGPASSWORD: server.password,
    PGDATABASE: server.database,
  };
}
