import type { VirtualTables } from './snapshot.js';

/** Tables computed from the catalog, by schema and name. */
export const VIRTUAL_TABLES: VirtualTables = new Map();
