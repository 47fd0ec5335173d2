import { SqlError } from '../sqlstate/sql-error.js';

/**
 * Levels of nodes that a program may nest. Everything that walks the tree recurses once a level; a binder that spends half a
 * kilobyte of stack a level stays within V8's default of one megabyte.
 */
export const DEPTH_MAX = 1000;

/** Parameters of one program, as in PostgreSQL's protocol. */
export const PARAMETERS_MAX = 65_535;

/** The refusal of a tree that is nested too deep. */
export function tooDeep(): SqlError {
  return new SqlError('statement_too_complex', 'stack depth limit exceeded', {
    hint: `A statement may nest ${DEPTH_MAX} levels.`,
  });
}
