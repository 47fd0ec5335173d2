import fastify, { type FastifyInstance } from 'fastify';
import { BuiltInRegistry } from '#schemas/registry/built-in.js';
import { memoryStore } from '#schemas/registry/memory-store.fixture.js';
import { registryCalls } from '../processes/registry-calls.js';
import { registryRoutes } from './registry-routes.js';

const record = (...fields: readonly string[]): string =>
  JSON.stringify({ type: 'record', name: 'r', fields: fields.map((name) => ({ name, type: 'int' })) });
const [ONE, OTHER] = [record('x'), record('x', 'y')];

/** Routes over a registry in memory, called as the supervisor calls the engine's. */
function registryApi(): FastifyInstance {
  const calls = registryCalls(new BuiltInRegistry(memoryStore())) as Record<string, (...args: unknown[]) => unknown>;
  const app = fastify();
  registryRoutes(app, async (method, ...args) => calls[method]?.(...args));
  return app;
}

describe('the schema registry over HTTP', () => {
  let app: FastifyInstance;
  let url: string;

  beforeEach(async () => {
    app = registryApi();
    url = await app.listen({ host: '127.0.0.1', port: 0 });
  });

  afterEach(() => app.close());

  const ask = async (method: string, path: string, body?: object | string) => {
    const answer = await fetch(url + path, {
      method,
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return [answer.status, await answer.json()] as const;
  };
  const fault = (code: number) => expect.objectContaining({ error_code: code, message: expect.any(String) });

  it('answers in its own content type, word for word', async () => {
    const { headers } = await fetch(`${url}/subjects`);
    expect(headers.get('content-type')).toBe('application/vnd.schemaregistry.v1+json');
    expect(await ask('GET', '/')).toEqual([200, {}]);
    expect(await ask('GET', '/schemas/types')).toEqual([200, ['AVRO']]);
  });

  it('registers schemas and finds them by subject, version and id', async () => {
    expect(await ask('POST', '/subjects/a/versions', { schema: ONE })).toEqual([200, { id: 1 }]);
    expect(await ask('POST', '/subjects/a/versions', { schema: ONE, schemaType: 'AVRO' })).toEqual([200, { id: 1 }]);
    expect(await ask('POST', '/subjects/b%2Fc/versions', { schema: ONE })).toEqual([200, { id: 1 }]);
    const first = { subject: 'a', version: 1, id: 1, schema: ONE };
    expect(await ask('GET', '/subjects')).toEqual([200, ['a', 'b/c']]);
    expect(await ask('GET', '/subjects?subjectPrefix=b')).toEqual([200, ['b/c']]);
    expect(await ask('GET', '/subjects/a/versions')).toEqual([200, [1]]);
    for (const version of ['1', 'latest', '-1'])
      expect(await ask('GET', `/subjects/a/versions/${version}`)).toEqual([200, first]);
    expect(await ask('GET', '/subjects/a/versions/1/schema')).toEqual([200, JSON.parse(ONE)]);
    expect(await ask('GET', '/subjects/a/versions/1/referencedby')).toEqual([200, []]);
    expect(await ask('POST', '/subjects/a', { schema: ` ${ONE}` })).toEqual([200, first]);
    expect(await ask('GET', '/schemas/ids/1')).toEqual([200, { schema: ONE }]);
    expect(await ask('GET', '/schemas/ids/1/schema')).toEqual([200, JSON.parse(ONE)]);
    expect(await ask('GET', '/schemas/ids/1/subjects')).toEqual([200, ['a', 'b/c']]);
    expect(await ask('GET', '/schemas/ids/1/versions')).toEqual([
      200,
      [
        { subject: 'a', version: 1 },
        { subject: 'b/c', version: 1 },
      ],
    ]);
  });

  it('checks compatibility without registering, and refuses what is incompatible', async () => {
    await ask('POST', '/subjects/a/versions', { schema: ONE });
    const check = '/compatibility/subjects/a/versions';
    expect(await ask('POST', `${check}/latest`, { schema: ONE })).toEqual([200, { is_compatible: true }]);
    expect(await ask('POST', `${check}/latest`, { schema: OTHER })).toEqual([200, { is_compatible: false }]);
    expect(await ask('POST', `${check}?verbose=true`, { schema: OTHER })).toEqual([
      200,
      { is_compatible: false, messages: [expect.stringContaining('y')] },
    ]);
    expect(await ask('POST', '/subjects/a/versions', { schema: OTHER })).toEqual([409, fault(409)]);
    expect(await ask('GET', '/subjects/a/versions')).toEqual([200, [1]]);
  });

  it('keeps compatibility levels, global and by subject', async () => {
    expect(await ask('GET', '/config')).toEqual([200, { compatibilityLevel: 'BACKWARD_TRANSITIVE' }]);
    expect(await ask('GET', '/config/a')).toEqual([404, fault(40408)]);
    expect(await ask('GET', '/config/a?defaultToGlobal=true')).toEqual([
      200,
      { compatibilityLevel: 'BACKWARD_TRANSITIVE' },
    ]);
    expect(await ask('PUT', '/config/a', { compatibility: 'NONE' })).toEqual([200, { compatibility: 'NONE' }]);
    expect(await ask('GET', '/config/a')).toEqual([200, { compatibilityLevel: 'NONE' }]);
    for (const compatibility of ['SOMETIMES', null, undefined])
      expect(await ask('PUT', '/config/a', { compatibility })).toEqual([422, fault(42203)]);
    expect(await ask('DELETE', '/config/a')).toEqual([200, { compatibilityLevel: 'NONE' }]);
    expect(await ask('GET', '/config/a')).toEqual([404, fault(40408)]);
    expect(await ask('PUT', '/config', { compatibility: 'FULL' })).toEqual([200, { compatibility: 'FULL' }]);
  });

  it('is writable, and cannot be made anything else', async () => {
    expect(await ask('GET', '/mode')).toEqual([200, { mode: 'READWRITE' }]);
    expect(await ask('GET', '/mode/a')).toEqual([200, { mode: 'READWRITE' }]);
    expect(await ask('PUT', '/mode', { mode: 'READWRITE' })).toEqual([200, { mode: 'READWRITE' }]);
    expect(await ask('PUT', '/mode', { mode: 'IMPORT' })).toEqual([422, fault(42205)]);
  });

  it('deletes softly, then for good, but never what the log is read with', async () => {
    for (const subject of ['a', 'table']) await ask('POST', `/subjects/${subject}/versions`, { schema: ONE });
    expect(await ask('DELETE', '/subjects/a?permanent=true')).toEqual([404, fault(40405)]);
    expect(await ask('DELETE', '/subjects/a/versions/latest')).toEqual([200, 1]);
    expect(await ask('GET', '/subjects/a/versions')).toEqual([404, fault(40401)]);
    expect(await ask('GET', '/subjects?deleted=true')).toEqual([200, ['a', 'table']]);
    expect(await ask('GET', '/subjects/a/versions?deleted=true')).toEqual([200, [1]]);
    expect(await ask('DELETE', '/subjects/a')).toEqual([404, fault(40404)]);
    expect(await ask('DELETE', '/subjects/a/versions/1')).toEqual([404, fault(40406)]);
    expect(await ask('DELETE', '/subjects/a?permanent=true')).toEqual([200, [1]]);
    expect(await ask('DELETE', '/subjects/table')).toEqual([200, [1]]);
    expect(await ask('DELETE', '/subjects/table?permanent=true')).toEqual([422, fault(42205)]);
  });

  it.each([
    ['GET', '/subjects/no/versions', undefined, 404, 40401],
    ['DELETE', '/subjects/no', undefined, 404, 40401],
    ['GET', '/subjects/a/versions/9', undefined, 404, 40402],
    ['DELETE', '/subjects/a/versions/9', undefined, 404, 40402],
    ['GET', '/subjects/a/versions/first', undefined, 422, 42202],
    ['GET', '/schemas/ids/77', undefined, 404, 40403],
    ['GET', '/schemas/ids/x', undefined, 404, 40403],
    ['GET', '/schemas/ids/77/versions', undefined, 404, 40403],
    ['POST', '/subjects/a', { schema: OTHER }, 404, 40403],
    ['POST', '/subjects/a/versions', { schema: '{"type":"nonsense"}' }, 422, 42201],
    ['POST', '/subjects/a/versions', { schema: 'not json' }, 422, 42201],
    ['POST', '/subjects/a/versions', { schema: ONE, schemaType: 'PROTOBUF' }, 422, 42201],
    ['POST', '/subjects/a/versions', { schema: ONE, references: [{ name: 'x' }] }, 422, 42201],
    ['POST', '/subjects/a/versions', {}, 422, 42201],
    ['POST', '/subjects/a/versions', undefined, 422, 42201],
    ['POST', '/subjects/a/versions', '{"schema":', 400, 400],
    ['POST', '/compatibility/subjects/a/versions/9', { schema: ONE }, 404, 40402],
    ['GET', '/nowhere', undefined, 404, 404],
  ] as const)('answers %s %s %j with %d and error code %d', async (method, path, body, status, code) => {
    await ask('POST', '/subjects/a/versions', { schema: ONE });
    expect(await ask(method, path, body)).toEqual([status, fault(code)]);
  });
});
