import { dialect } from '../postgres/dialect/dialect.js';
import { DialectPlugin } from './dialect-plugin.js';

describe('a dialect plugin', () => {
  it('is imported under a new URL each time, and stays in use when the next load fails', async () => {
    const urls: string[] = [];
    const modules = [{ dialect }, { dialect: { ...dialect, version: 'next' } }, { dialect: { name: 'half' } }, {}];
    const plugin = new DialectPlugin('/plugins/x.js', (url) => {
      urls.push(url);
      return Promise.resolve(modules[urls.length - 1]);
    });
    expect(() => plugin.current).toThrow('not loaded');
    expect(await plugin.reload()).toBe(dialect);
    expect((await plugin.reload()).version).toBe('next');
    await expect(plugin.reload()).rejects.toThrow('exports no dialect');
    await expect(plugin.reload()).rejects.toThrow('exports no dialect');
    expect(plugin.current.version).toBe('next');
    expect(new Set(urls).size).toBe(4);
    expect(urls[0]).toMatch(/^file:\/\/\/plugins\/x\.js\?/);
  });
});
