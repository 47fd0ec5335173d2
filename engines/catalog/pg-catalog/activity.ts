import type { VirtualTableEntry } from '../entry.js';
import { type Cells, virtualTable } from '../virtual-table.js';

/** What views of the running engine show: implemented where sessions and locks are. Cells by PostgreSQL's column names. */
export interface ActivityPort {
  /** pg_stat_activity. */
  sessions(): Iterable<Cells>;
  /** pg_locks. */
  locks(): Iterable<Cells>;
}

export function activityTables(port: ActivityPort): readonly VirtualTableEntry[] {
  return [
    virtualTable(
      'pg_catalog',
      'pg_stat_activity',
      12_050,
      'datid oid, datname name, pid int4, leader_pid int4, usesysid oid, usename name, application_name text, client_addr text, client_hostname text, client_port int4, backend_start timestamptz, xact_start timestamptz, query_start timestamptz, state_change timestamptz, wait_event_type text, wait_event text, state text, backend_xid oid, backend_xmin oid, query_id int8, query text, backend_type text',
      () => port.sessions(),
    ),
    virtualTable(
      'pg_catalog',
      'pg_locks',
      12_051,
      'locktype text, database oid, relation oid, page int4, tuple int2, virtualxid text, transactionid oid, classid oid, objid oid, objsubid int2, virtualtransaction text, pid int4, mode text, granted bool, fastpath bool, waitstart timestamptz',
      () => port.locks(),
    ),
    virtualTable(
      'pg_catalog',
      'pg_stat_database',
      12_052,
      'datid oid, datname name, numbackends int4, xact_commit int8, xact_rollback int8, blks_read int8, blks_hit int8, tup_returned int8, tup_fetched int8, tup_inserted int8, tup_updated int8, tup_deleted int8, conflicts int8, temp_files int8, temp_bytes int8, deadlocks int8, stats_reset timestamptz',
      (catalog) =>
        [...catalog.databases.values()].map((database) => ({
          datid: database.id,
          datname: database.name,
          numbackends: 0,
          xact_commit: 0n,
          xact_rollback: 0n,
        })),
    ),
  ];
}
