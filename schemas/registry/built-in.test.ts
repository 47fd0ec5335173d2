import { BuiltInRegistry } from './built-in.js';
import { memoryStore } from './memory-store.fixture.js';

const record = (...fields: string[]) =>
  JSON.stringify({
    type: 'record',
    name: 'r',
    fields: fields.map((f) =>
      f.endsWith('?') ? { name: f.slice(0, -1), type: ['null', 'int'], default: null } : { name: f, type: 'int' },
    ),
  });

describe('BuiltInRegistry', () => {
  it('gives one id to one schema in every subject, and counts versions in each', async () => {
    const registry = new BuiltInRegistry(memoryStore());
    expect(await registry.register('a', record('x'))).toBe(1);
    expect(await registry.register('a', record('x', 'y?'))).toBe(2);
    expect(await registry.register('b', ` ${record('x')} `)).toBe(1);
    expect(await registry.register('a', record('x'))).toBe(1);
    expect(await registry.versions('a')).toEqual([1, 2]);
    expect((await registry.version('a', 'latest')).id).toBe(2);
    expect(await registry.schemaById(2)).toBe(record('x', 'y?'));
    expect(await registry.schemaById(3)).toBeNull();
    expect(await registry.subjects()).toEqual(['a', 'b']);
  });

  it('gives concurrent registrations different ids and versions', async () => {
    const registry = new BuiltInRegistry(memoryStore());
    const ids = await Promise.all(['p?', 'q?', 'r?'].map((f) => registry.register('s', record(f))));
    expect(ids).toEqual([1, 2, 3]);
    expect(await registry.versions('s')).toEqual([1, 2, 3]);
  });

  it('refuses a schema that cannot read old data, unless the level allows it', async () => {
    const registry = new BuiltInRegistry(memoryStore());
    await registry.register('s', record('x'));
    await expect(registry.register('s', record('x', 'y'))).rejects.toMatchObject({ status: 409 });
    expect(await registry.check('s', 'latest', record('x', 'y'))).not.toEqual([]);
    await registry.setCompatibility('s', 'NONE');
    expect(await registry.register('s', record('x', 'y'))).toBe(2);
    expect(await registry.compatibility('')).toBe('BACKWARD_TRANSITIVE');
    await expect(registry.setCompatibility('s', 'SOMETIMES')).rejects.toMatchObject({ code: 42203 });
  });

  it("answers with the API's own codes for what is not there", async () => {
    const registry = new BuiltInRegistry(memoryStore());
    await expect(registry.versions('no')).rejects.toMatchObject({ status: 404, code: 40401 });
    await registry.register('s', record('x'));
    await expect(registry.version('s', '7')).rejects.toMatchObject({ code: 40402 });
    await expect(registry.version('s', 'x')).rejects.toMatchObject({ code: 42202 });
    await expect(registry.lookup('s', record('z?'))).rejects.toMatchObject({ code: 40403 });
    await expect(registry.register('s', '{"type":"nonsense"}')).rejects.toMatchObject({ status: 422, code: 42201 });
  });

  it('keeps the id of a deleted version until it is removed for good', async () => {
    const registry = new BuiltInRegistry(memoryStore());
    await registry.register('s', record('x'));
    await expect(registry.remove('s', null, true)).rejects.toMatchObject({ code: 40405 });
    await expect(registry.remove('s', '1', true)).rejects.toMatchObject({ code: 40407 });
    expect(await registry.remove('s', null, false)).toEqual([1]);
    expect(await registry.subjects()).toEqual([]);
    expect(await registry.schemaById(1)).toBe(record('x'));
    expect(await registry.versions('s', true)).toEqual([1]);
    await expect(registry.remove('s', null, false)).rejects.toMatchObject({ status: 404, code: 40404 });
    await expect(registry.remove('s', '1', false)).rejects.toMatchObject({ code: 40406 });
    expect(await registry.remove('s', '1', true)).toEqual([1]);
    expect(await registry.schemaById(1)).toBeNull();
  });

  it('does not forget what the log is read with', async () => {
    const registry = new BuiltInRegistry(memoryStore());
    for (const subject of ['fixed', 'table']) await registry.register(subject, record('x'));
    await expect(registry.remove('fixed', null, false)).rejects.toMatchObject({ status: 422, code: 42205 });
    expect(await registry.remove('table', '1', false)).toEqual([1]);
    await expect(registry.remove('table', '1', true)).rejects.toMatchObject({ code: 42205 });
    expect(await registry.schemaById(1)).toBe(record('x'));
  });
});
