import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Value } from '#schemas/values/value.js';
import type { WindowFrameView, WindowFunction } from './definition.js';

function ntile(frame: WindowFrameView): Value {
  const buckets = frame.argument(frame.index, 0) as number | null;
  if (buckets === null) return null;
  if (buckets <= 0)
    throw new SqlError('invalid_argument_for_ntile_function', 'argument of ntile must be greater than zero');
  const size = Math.floor(frame.partitionSize / buckets);
  const larger = frame.partitionSize % buckets;
  const inLarger = larger * (size + 1);
  if (frame.index < inLarger) return Math.floor(frame.index / (size + 1)) + 1;
  return larger + Math.floor((frame.index - inLarger) / size) + 1;
}

/** lag and lead: the row `offset` away, or the default outside the partition. */
function shifted(direction: 1 | -1, given: number): (frame: WindowFrameView) => Value {
  return (frame) => {
    const offset = given > 1 ? frame.argument(frame.index, 1) : 1;
    if (offset === null) return null;
    const row = frame.index + direction * Number(offset);
    if (row >= 0 && row < frame.partitionSize) return frame.argument(row, 0);
    return given > 2 ? frame.argument(frame.index, 2) : null;
  };
}

function nthValue(frame: WindowFrameView): Value {
  const n = frame.argument(frame.index, 1) as number | null;
  if (n === null) return null;
  if (n <= 0)
    throw new SqlError('invalid_argument_for_nth_value_function', 'argument of nth_value must be greater than zero');
  const row = frame.frameStart + n - 1;
  return row < frame.frameEnd ? frame.argument(row, 0) : null;
}

function window(
  name: string,
  args: WindowFunction['arguments'],
  result: WindowFunction['result'],
  evaluate: WindowFunction['evaluate'],
): WindowFunction {
  return { name, arguments: args, result, evaluate };
}

/** Functions that need OVER. */
export const WINDOW_FUNCTIONS: readonly WindowFunction[] = [
  window('row_number', [], 'bigint', (f) => BigInt(f.index + 1)),
  window('rank', [], 'bigint', (f) => BigInt(f.peerStart + 1)),
  window('dense_rank', [], 'bigint', (f) => BigInt(f.peerGroup + 1)),
  window('percent_rank', [], 'double', (f) => (f.partitionSize <= 1 ? 0 : f.peerStart / (f.partitionSize - 1))),
  window('cume_dist', [], 'double', (f) => f.peerEnd / f.partitionSize),
  window('ntile', ['integer'], 'integer', ntile),
  window('lag', ['anyelement'], 'anyelement', shifted(-1, 1)),
  window('lag', ['anyelement', 'integer'], 'anyelement', shifted(-1, 2)),
  window('lag', ['anyelement', 'integer', 'anyelement'], 'anyelement', shifted(-1, 3)),
  window('lead', ['anyelement'], 'anyelement', shifted(1, 1)),
  window('lead', ['anyelement', 'integer'], 'anyelement', shifted(1, 2)),
  window('lead', ['anyelement', 'integer', 'anyelement'], 'anyelement', shifted(1, 3)),
  window('first_value', ['anyelement'], 'anyelement', (f) =>
    f.frameStart < f.frameEnd ? f.argument(f.frameStart, 0) : null,
  ),
  window('last_value', ['anyelement'], 'anyelement', (f) =>
    f.frameStart < f.frameEnd ? f.argument(f.frameEnd - 1, 0) : null,
  ),
  window('nth_value', ['anyelement', 'integer'], 'anyelement', nthValue),
];
