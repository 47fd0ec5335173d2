import * as tables from '#schemas/catalog/system-tables.js';
import { BOOTSTRAP } from '#schemas/catalog/system-tables.js';
import { FIRST_USER_OBJECT } from '#schemas/events/event.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Row } from '#schemas/values/value.js';
import type { TableShape } from '../rows/shape.js';

export interface BootstrapOptions {
  readonly user: string;
  /** A verifier in PostgreSQL's text form (engines/security/scram.ts), never a password. */
  readonly verifier: string;
}

/** The rows of a fresh cluster: the databases `polylog` and `postgres` with a schema `public` each, and the first superuser. */
export function bootstrapRows(options: BootstrapOptions): ReadonlyArray<readonly [TableShape, Row]> {
  const owner = BOOTSTRAP.superuser;
  const rows: Array<readonly [TableShape, Row]> = [];
  const add = <T>(table: tables.SystemTable<T>, record: T): void => {
    rows.push([table.shape, table.toRow(record)]);
  };
  add(tables.USERS, {
    id: owner,
    name: options.user,
    superuser: true,
    login: true,
    createDatabase: true,
    createRole: true,
    inherit: true,
    replication: true,
    bypassRls: true,
    connectionLimit: -1,
    validUntil: null,
    verifier: options.verifier,
  });
  add(tables.DATABASES, { id: BOOTSTRAP.polylogDatabase, name: 'polylog', owner });
  add(tables.DATABASES, { id: BOOTSTRAP.postgresDatabase, name: 'postgres', owner });
  for (const record of publicSchema(BOOTSTRAP.polylogPublic, BOOTSTRAP.polylogDatabase, owner)) rows.push(record);
  for (const record of publicSchema(BOOTSTRAP.postgresPublic, BOOTSTRAP.postgresDatabase, owner)) rows.push(record);
  add(tables.SEQUENCE_STATES, { id: BOOTSTRAP.objectSequence, value: BigInt(FIRST_USER_OBJECT), called: false });
  return rows;
}

/** A schema `public` that everybody may use, as PostgreSQL 15 has it; only its owner creates there. */
export function publicSchema(
  id: ObjectId,
  database: ObjectId,
  owner: ObjectId,
): ReadonlyArray<readonly [TableShape, Row]> {
  return [
    [tables.SCHEMAS.shape, tables.SCHEMAS.toRow({ id, database, name: 'public', owner })],
    [
      tables.GRANTS.shape,
      tables.GRANTS.toRow({
        object: id,
        grantee: 0 as ObjectId,
        privilege: 'usage',
        grantOption: false,
        grantor: owner,
      }),
    ],
    [tables.COMMENTS.shape, tables.COMMENTS.toRow({ object: id, sub: 0, text: 'standard public schema' })],
  ];
}
