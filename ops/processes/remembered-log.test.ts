import { temporaryDirectory } from '#test/harness/temporary-directory.js';
import { isSameLog, rememberedLog, rememberLog } from './remembered-log.js';

describe('the log that a data folder belongs to', () => {
  it('is unknown in a new folder and known in a used one', () => {
    const { path, remove } = temporaryDirectory('remembered');
    expect(rememberedLog(path)).toBeNull();
    rememberLog(path, 'kafka://127.0.0.1:9092/books');
    expect(rememberedLog(path)).toBe('kafka://127.0.0.1:9092/books');
    remove();
  });

  it('is the same on other brokers and another under another name', () => {
    expect(isSameLog('embedded', 'embedded')).toBe(true);
    expect(isSameLog('kafka://a:1/books', 'kafka://b:2,c:3/books')).toBe(true);
    expect(isSameLog('kafka://a:1/books', 'kafka://a:1/films')).toBe(false);
    expect(isSameLog('embedded', 'kafka://a:1/embedded')).toBe(false);
    expect(isSameLog('kafka://a:1/embedded', 'embedded')).toBe(false);
  });
});
