import type { PreparedLocal, PreparedStatement, StatementCache } from '../sql/statement-cache.js';

/** One statement's shape; the object is the same for equal texts as long as the cache holds it. */
export type Shape = PreparedStatement;

/** Statements about statements: their names live in the gateway. */
export type LocalShape = PreparedLocal;

/** What this protocol asks of the SQL front end. */
export type StatementSource = Pick<StatementCache, 'lookup' | 'lookupFixed' | 'position'>;
