import { DEFAULT_TEXT_CONTEXT } from '#schemas/values/text-form.js';
import { STANDARD_LIBRARY } from './standard-library.js';

describe('the standard library', () => {
  it('loads, and knows the names that applications use', () => {
    for (const name of [
      'abs',
      'round',
      'substring',
      'to_char',
      'now',
      'gen_random_uuid',
      'jsonb_set',
      'array_length',
      'nextval',
      'format_type',
    ]) {
      expect(STANDARD_LIBRARY.scalar(name).length).toBeGreaterThan(0);
    }
    expect(STANDARD_LIBRARY.operator('!=')).toBe(STANDARD_LIBRARY.operator('<>'));
    expect(DEFAULT_TEXT_CONTEXT.timeZone).toBe('UTC');
  });
});
