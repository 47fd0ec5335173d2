import { BASIC_AGGREGATES } from './aggregates/basic.js';
import { COLLECTIONS } from './aggregates/collections.js';
import { STATISTICS } from './aggregates/statistics.js';
import { SUMS } from './aggregates/sums.js';
import { createLibrary, type FunctionLibrary } from './library.js';
import { ARITHMETIC } from './operators/arithmetic.js';
import { ARRAY_OPERATORS } from './operators/array.js';
import { COMPARISONS } from './operators/comparison.js';
import { JSON_OPERATORS } from './operators/json.js';
import { TEXT_OPERATORS } from './operators/text.js';
import { TIME_OPERATORS } from './operators/time.js';
import { ARRAY_FUNCTIONS } from './scalars/arrays.js';
import { ENCODING_FUNCTIONS } from './scalars/encoding.js';
import { FORMAT_FUNCTIONS } from './scalars/format.js';
import { JSON_FUNCTIONS } from './scalars/json.js';
import { MATH_FUNCTIONS } from './scalars/math.js';
import { MYSQL_FUNCTIONS } from './scalars/mysql.js';
import { PATTERN_FUNCTIONS } from './scalars/pattern.js';
import { SYSTEM_FUNCTIONS } from './scalars/system.js';
import { TEXT_FUNCTIONS } from './scalars/text.js';
import { TIME_FUNCTIONS } from './scalars/time.js';
import { EXPANSIONS } from './tables/expansion.js';
import { SERIES } from './tables/series.js';
import { WINDOW_FUNCTIONS } from './windows.js';

/** Every function and operator that Polylog has. coalesce, nullif, greatest and least are the binder's own. */
export const STANDARD_LIBRARY: FunctionLibrary = createLibrary({
  scalars: [
    ...MATH_FUNCTIONS,
    ...TEXT_FUNCTIONS,
    ...PATTERN_FUNCTIONS,
    ...ENCODING_FUNCTIONS,
    ...TIME_FUNCTIONS,
    ...FORMAT_FUNCTIONS,
    ...JSON_FUNCTIONS,
    ...ARRAY_FUNCTIONS,
    ...SYSTEM_FUNCTIONS,
    ...MYSQL_FUNCTIONS,
  ],
  operators: [
    ...COMPARISONS,
    ...ARITHMETIC,
    ...TEXT_OPERATORS,
    ...TIME_OPERATORS,
    ...JSON_OPERATORS,
    ...ARRAY_OPERATORS,
  ],
  aggregates: [...BASIC_AGGREGATES, ...SUMS, ...STATISTICS, ...COLLECTIONS],
  windows: WINDOW_FUNCTIONS,
  tables: [...SERIES, ...EXPANSIONS],
});
