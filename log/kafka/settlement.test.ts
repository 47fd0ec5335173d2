import type { Offset } from '#schemas/kernel/brand.js';
import { textRecord } from '../change-log.suite.js';
import { Settlement, type Sought } from './settlement.js';

const owned = (text: string): Sought['records'][number] => ({
  key: Buffer.from('k'),
  value: Buffer.from(text),
  headers: undefined,
  timestampMs: 0,
});
const append = (...texts: string[]): Sought => ({ records: texts.map(owned) });
const stored = (offset: number, text: string) => ({ ...textRecord(text, 'k'), offset: offset as Offset });

describe('Settlement', () => {
  it('finds an append by its last record, among records of others', () => {
    const [whole, half, none] = [append('a', 'b'), append('c', 'd'), append('e')];
    const settlement = new Settlement([whole, half, none]);
    settlement.look([stored(5, 'a'), stored(6, 'x')]);
    settlement.look([stored(7, 'b'), stored(8, 'c')]);
    expect([whole, half, none].map((each) => settlement.offsetOf(each))).toEqual([7, null, null]);
  });

  it('takes equal appends in their order', () => {
    const same = [append('a'), append('a'), append('a')];
    const settlement = new Settlement(same);
    settlement.look([stored(1, 'a'), stored(2, 'a')]);
    expect(same.map((each) => settlement.offsetOf(each))).toEqual([1, 2, null]);
  });
});
