import type { KeywordClass } from '../../sql/dialect.js';

/*
 * PostgreSQL 15's keywords by the classes of its documentation's appendix C, as pg_get_keywords() lists them. Words of the class
 * "unreserved" are left out: they need no rule.
 */

/** Never a name without quotes. */
const RESERVED = `
  all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
  current_catalog current_date current_role current_time current_timestamp current_user default deferrable
  desc distinct do else end except false fetch for foreign from grant group having in initially intersect into
  lateral leading limit localtime localtimestamp not null offset on only or order placing primary references
  returning select session_user some symmetric table then to trailing true union unique user using variadic
  when where window with
`;

/** Columns and tables may have these names, functions and types may not. */
const COLUMN_NAME = `
  between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout
  int integer interval least national nchar none normalize nullif numeric out overlay position precision real
  row setof smallint substring time timestamp treat trim values varchar xmlattributes xmlconcat xmlelement
  xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
`;

/** Functions and types may have these names, columns and tables may not. */
const TYPE_FUNCTION = `
  authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull join left
  like natural notnull outer overlaps right similar tablesample verbose
`;

/** Column aliases only behind AS. */
const NEED_AS = `
  array as char character create day except fetch filter for from grant group having hour intersect into
  isnull limit minute month notnull offset on order over overlaps precision returning second to union varying
  where window with within without year
`;

const listed = (words: string): string[] => words.trim().split(/\s+/);

/** Classes of all keywords that are not usable everywhere. */
export const KEYWORDS: ReadonlyMap<string, KeywordClass> = new Map<string, KeywordClass>([
  ...listed(RESERVED).map((word) => [word, 'reserved'] as const),
  ...listed(COLUMN_NAME).map((word) => [word, 'column-name'] as const),
  ...listed(TYPE_FUNCTION).map((word) => [word, 'type-function'] as const),
]);

/** Words that cannot be a column's alias without AS. */
export const LABELS_THAT_NEED_AS: ReadonlySet<string> = new Set(listed(NEED_AS));
