/** One to three words; the longest that fits counts. */
const OPENINGS: readonly string[] = [
  'listen',
  'notify',
  'unlisten',
  'merge',
  'call',
  'do',
  'load',
  'cluster',
  'import',
  'reassign',
  'security',
  'refresh',
  'set constraints',
  'prepare transaction',
  'commit prepared',
  'rollback prepared',
  ...[
    'access',
    'aggregate',
    'cast',
    'collation',
    'conversion',
    'domain',
    'event',
    'extension',
    'foreign',
    'function',
    'language',
    'materialized',
    'operator',
    'policy',
    'procedure',
    'publication',
    'routine',
    'rule',
    'server',
    'statistics',
    'subscription',
    'tablespace',
    'text',
    'transform',
    'trigger',
    'type',
  ].flatMap((object) => [`create ${object}`, `alter ${object}`, `drop ${object}`]),
  'create constraint',
  'create trusted',
  'create procedural',
  'drop procedural',
  'drop owned',
  'alter default',
  'alter large',
  'alter system',
  'create user mapping',
  'alter user mapping',
  'drop user mapping',
];

/** What stands behind the first of two words in the name of a statement. */
const LONGER: Readonly<Record<string, string>> = {
  access: 'ACCESS METHOD',
  event: 'EVENT TRIGGER',
  foreign: 'FOREIGN TABLE',
  materialized: 'MATERIALIZED VIEW',
  text: 'TEXT SEARCH',
  constraint: 'CONSTRAINT TRIGGER',
  trusted: 'LANGUAGE',
  procedural: 'LANGUAGE',
  default: 'DEFAULT PRIVILEGES',
  large: 'LARGE OBJECT',
  import: 'IMPORT FOREIGN SCHEMA',
  reassign: 'REASSIGN OWNED',
  security: 'SECURITY LABEL',
  refresh: 'REFRESH MATERIALIZED VIEW',
};

/** Statements that PostgreSQL has and we do not, by their first words, with the name that the refusal gives them. */
export const UNSUPPORTED_STATEMENTS: ReadonlyMap<string, string> = new Map(
  OPENINGS.map((opening) => [opening, nameOf(opening)] as const),
);

function nameOf(opening: string): string {
  const [first = '', second, third] = opening.split(' ');
  if (third !== undefined) return opening.toUpperCase();
  if (second === undefined) return LONGER[first] ?? first.toUpperCase();
  return `${first.toUpperCase()} ${LONGER[second] ?? second.toUpperCase()}`;
}
