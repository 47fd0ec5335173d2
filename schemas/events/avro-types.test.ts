import { compileSchema } from './avro-types.js';

const record = (name: string, type: unknown): Record<string, unknown> => ({
  type: 'record',
  name,
  fields: [{ name: 'n', type }],
});

describe('compiled schemas', () => {
  it('are compiled once for each text', () => {
    expect(compileSchema(record('a', 'int'))).toBe(compileSchema(record('a', 'int')));
  });

  it('are told apart by all that is in the text, attributes included', () => {
    const plain = compileSchema(record('a', 'long'));
    const big = compileSchema(record('a', { type: 'long', 'polylog.type': 'bigint' }));
    expect(big).not.toBe(plain);
    expect(plain.fromBuffer(plain.toBuffer({ n: 1 }))).toEqual({ n: 1 });
  });

  it('are as good as new when more were compiled than are kept', () => {
    const first = compileSchema(record('a', 'int'));
    for (let i = 0; i < 2_100; i++) compileSchema(record(`t${i}`, 'int'));
    const again = compileSchema(record('a', 'int'));
    expect(again).not.toBe(first);
    expect(again.fromBuffer(first.toBuffer({ n: 7 }))).toEqual({ n: 7 });
  });
});
