import type { KeywordClass } from '../../sql/dialect.js';

/** Words that are never a name without backquotes: MySQL's reserved ones that the grammar meets, and those that close a clause in it. */
const RESERVED = `
  all alter analyze and as asc between both by case cast check collate column constraint create cross
  current_date current_time current_timestamp current_user default delete desc distinct div drop else end except
  exists false fetch for foreign from fulltext grant group having ignore in index inner insert intersect interval into
  is join key lateral leading like limit localtime localtimestamp lock natural not null offset on or order outer
  primary procedure references regexp returning revoke rlike select set show some spatial straight_join table
  then to trailing true union unique unsigned update use using values when where window with xor zerofill
`;

/** Types and function-like expressions: names of columns, never of functions. */
const COLUMN_NAME = `
  bigint bit char character coalesce dec decimal extract float int integer national nchar numeric
  nullif overlay position precision real row smallint substring time timestamp trim varchar
`;

/** Functions only. */
const TYPE_FUNCTION = 'left mod replace right';

const listed = (words: string): string[] => words.trim().split(/\s+/);

/** Classes of all keywords that are not usable everywhere. */
export const KEYWORDS: ReadonlyMap<string, KeywordClass> = new Map<string, KeywordClass>([
  ...listed(RESERVED).map((word) => [word, 'reserved'] as const),
  ...listed(COLUMN_NAME).map((word) => [word, 'column-name'] as const),
  ...listed(TYPE_FUNCTION).map((word) => [word, 'type-function'] as const),
]);

/** Words that cannot be a column's alias without AS: all that may go on behind an expression. */
export const LABELS_THAT_NEED_AS: ReadonlySet<string> = new Set(
  [...KEYWORDS].filter(([, keywordClass]) => keywordClass === 'reserved').map(([word]) => word),
);
