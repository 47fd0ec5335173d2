/**
 * Where a node deliberately answers otherwise than PostgreSQL, by the name of what was tried; docs/compat/postgres.md says why. A test fails
 * when one of these becomes equal, so that the list only shrinks.
 */
export const KNOWN_DIFFERENCES: Readonly<Record<string, RegExp>> = {
  'held cursor': /0A000.*DECLARE CURSOR WITH HOLD is not supported/,
  'copy nowhere': /0A000.*WHERE in COPY FROM is not supported/,
  'tag: listen channel': /0A000.*LISTEN is not supported/,
  'tag: notify channel': /0A000.*NOTIFY is not supported/,
  'tag: unlisten *': /0A000.*UNLISTEN is not supported/,
  'tag: do $$ begin end $$': /0A000.*DO is not supported/,
  'prepared statements': /\[\]/,
};
