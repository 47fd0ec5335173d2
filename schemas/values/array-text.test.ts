import { parseArray } from './array-text.js';

describe('the text of an array', () => {
  it.each([
    ['a', 'Array value must start with "{" or dimension information.'],
    ['{a', 'Unexpected end of input.'],
    ['{"a', 'Unexpected end of input.'],
    ['{a}}', 'Junk after closing right brace.'],
    ['{a,{b}}', 'Unexpected "{" character.'],
    ['{{a},b}', 'Unexpected array element.'],
    ['{a,,b}', 'Unexpected "," character.'],
    ['{{a},{b,c}}', 'Multidimensional arrays must have sub-arrays with matching dimensions.'],
  ])('%s is refused as PostgreSQL refuses it', (text, detail) => {
    expect(() => parseArray(text, (t) => t)).toThrow(
      expect.objectContaining({ condition: 'invalid_text_representation', details: { detail } }),
    );
  });

  it('is looked at as a whole before its elements are', () => {
    const element = (): never => {
      throw new Error('an element was read');
    };
    expect(() => parseArray('{x', element)).toThrow('malformed array literal');
  });
});
