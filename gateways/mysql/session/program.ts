import { encodeProgram } from '#schemas/program/encode.js';
import { programHash } from '#schemas/program/program-hash.js';
import type { Statement } from '#schemas/program/statement.js';
import type { PreparedStatement } from '../../sql/statement-cache.js';

/** A statement of the gateway's own, without parameters and rows. */
function programOf(statement: Statement): PreparedStatement {
  const program = encodeProgram(statement, []);
  return {
    program,
    hash: programHash(program),
    parameterCount: 0,
    lifted: [],
    kind: statement.kind,
    tag: '',
    returnsRows: false,
    local: null,
    statement,
    firstToken: 0,
  };
}

export const COMMIT = programOf({ kind: 'commit', chain: false });
export const ROLLBACK = programOf({ kind: 'rollback', chain: false });

/** A database of MySQL's is a schema: the one in which names are looked for. */
export function useDatabase(name: string): PreparedStatement {
  return programOf({ kind: 'set', name: 'search_path', value: quotedName(name), local: false, token: 0 });
}

/** A name as search_path takes it. */
function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The search path of a session that has not chosen a database: nothing is found by its bare name. */
export function searchPathOf(database: string | null): string {
  return database === null ? '""' : quotedName(database);
}
