import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '#test/harness/temporary-directory.js';
import { type ConfigurationSources, flagOf, readConfiguration, SETTING_NAMES, variableOf } from './configuration.js';

describe('the configuration', () => {
  const scratch = temporaryDirectory('configuration');
  const path = join(scratch.path, 'polylog.json');

  afterAll(() => scratch.remove());

  const file = (content: unknown): string => {
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const read = (sources: Partial<ConfigurationSources>) =>
    readConfiguration({ file: null, environment: {}, flags: {}, ...sources });

  it('is loopback, the embedded log and the usual ports when nothing is said', () => {
    const { data, ...rest } = read({});
    expect(data).toBe(join(process.cwd(), 'data'));
    expect(rest).toEqual({
      log: 'embedded',
      host: '127.0.0.1',
      postgresPort: 5432,
      mysqlPort: 3306,
      postgresDialect: null,
      mysqlDialect: null,
      httpPort: 8080,
      serverId: 0,
      leaseMs: 15_000,
      otherEngines: [],
      registry: null,
      gatewayPlacement: 'process',
      tlsCert: null,
      tlsKey: null,
      maxConnections: 1000,
      logLevel: 'info',
      commitTimeoutMs: 30_000,
      projections: ['ingestion', 'olap'],
      historyRetentionHours: 0,
      olapMemoryMb: 1024,
      rowMemoryMb: 1024,
      clock: 'local',
      clockGroup: '239.255.0.1:5555',
      clockPort: 5555,
      clockInterface: '127.0.0.1',
    });
  });

  it('takes the file before what the folder remembers, the environment before the file, and flags before all', () => {
    const layers = {
      remembered: { log: 'kafka://a:1/remembered', host: '10.0.0.1' },
      file: file({ log: 'kafka://a:1/file', postgresPort: 1, httpPort: 2, maxConnections: 3 }),
      environment: { POLYLOG_LOG: 'kafka://a:1/environment', POLYLOG_POSTGRES_PORT: '4', POLYLOG_HTTP_PORT: '5' },
      flags: { log: 'kafka://a:1/flag', postgresPort: '6' },
    };
    expect(read(layers)).toMatchObject({
      log: 'kafka://a:1/flag',
      postgresPort: 6,
      httpPort: 5,
      maxConnections: 3,
      host: '10.0.0.1',
    });
    expect(read({ ...layers, flags: {} }).log).toBe('kafka://a:1/environment');
    expect(read({ ...layers, flags: {}, environment: {} }).log).toBe('kafka://a:1/file');
    expect(read({ remembered: layers.remembered }).log).toBe('kafka://a:1/remembered');
  });

  it('reads groups of a file', () => {
    const groups = { gateway: { placement: 'engine' }, 'http.port': 9, tls: { cert: 'c.pem', key: 'k.pem' } };
    expect(read({ file: file(groups) })).toMatchObject({
      gatewayPlacement: 'engine',
      httpPort: 9,
      tlsCert: 'c.pem',
      tlsKey: 'k.pem',
    });
    expect(() => read({ file: file({ 'http.port': 9, httpPort: 8 }) })).toThrow('"httpPort" is given twice');
  });

  it.each([
    [{ postgresPort: 'many' }, '--postgres-port: "many" must be a whole number from 0 to 65535'],
    [{ httpPort: '65536' }, '--http-port: "65536" must be a whole number from 0 to 65535'],
    [{ maxConnections: '1e3' }, '--max-connections: "1e3" must be a whole number from 1 to 100000'],
    [{ gatewayPlacement: 'cloud' }, '--gateway-placement: "cloud" must be one of process, engine'],
    [{ logLevel: 'loud' }, '--log-level: "loud" must be one of fatal, error, warn, info, debug, trace'],
    [{ data: ' ' }, '--data: " " must be a text that is not empty'],
    [{ host: 'http://x' }, '--host: "http://x" must be an address or a name of this machine, without a port'],
    [{ log: 'postgres' }, '--log: "postgres" must be embedded or kafka://HOST:PORT[,HOST:PORT…]/CLUSTER'],
    [{ log: 'kafka://host/books' }, 'kafka://host/books: "host" is not of the form HOST:PORT'],
    [{ log: 'kafka://host:9092/' }, 'a cluster name has 1 to 200 letters'],
    [{ registry: 'localhost' }, '--registry: "localhost" must be a URL that begins with http:// or https://'],
    [{ tlsKey: 'k.pem' }, '--tls-cert and --tls-key go together: give both or neither'],
  ])('refuses %j and says what is allowed', (flags, message) => {
    expect(() => read({ flags })).toThrow(message);
  });

  it('names the place of a wrong value', () => {
    expect(() => read({ environment: { POLYLOG_HTTP_PORT: 'x' } })).toThrow(/^POLYLOG_HTTP_PORT: "x" must be a whole/);
    expect(() => read({ file: file({ httpPort: true }) })).toThrow(`${path}: httpPort: true must be a whole number`);
  });

  it('refuses a key that it does not know and tells the one that was meant', () => {
    expect(() => read({ file: file({ postgressPort: 1 }) })).toThrow(
      `${path}: unknown key "postgressPort"; did you mean "postgresPort"?`,
    );
    expect(() => read({ file: file({ gateway: { plaecment: 'engine' } }) })).toThrow(
      'unknown key "gateway.plaecment"; did you mean "gatewayPlacement"?',
    );
    expect(() => read({ file: file({ replication: 3 }) })).toThrow(/unknown key "replication"; known are data, log, /);
    expect(() => read({ file: file({ constructor: 3 }) })).toThrow(/unknown key "constructor"/);
  });

  it('refuses a variable that is nearly one of its own, and leaves others alone', () => {
    expect(() => read({ environment: { POLYLOG_POSTGRES_PROT: '1' } })).toThrow(
      'POLYLOG_POSTGRES_PROT is not a setting; did you mean POLYLOG_POSTGRES_PORT?',
    );
    const others = { POLYLOG_PASSWORD: 'x', POLYLOG_LONG: '1', POLYLOG_CACHE: '/c', POLYLOG_TEST_KAFKA: 'h:1' };
    expect(() => read({ environment: others })).not.toThrow();
  });

  it('refuses a file that is no JSON object', () => {
    expect(() => read({ file: file('{') })).toThrow(`${path} cannot be read as JSON`);
    expect(() => read({ file: file('[]') })).toThrow(`${path} must hold a JSON object`);
    expect(() => read({ file: '/nowhere.json' })).toThrow('/nowhere.json cannot be read as JSON: ENOENT');
  });

  it('has one name for each setting in each place', () => {
    expect(SETTING_NAMES.map(flagOf)).toContain('--commit-timeout-ms');
    expect(SETTING_NAMES.map(variableOf)).toContain('POLYLOG_COMMIT_TIMEOUT_MS');
    expect(new Set(SETTING_NAMES.map(variableOf)).size).toBe(SETTING_NAMES.length);
  });

  it('takes lists of names, from a file as a list', () => {
    expect(read({ flags: { projections: 'none' } }).projections).toEqual([]);
    expect(read({ flags: { projections: ' ingestion,ingestion' } }).projections).toEqual(['ingestion']);
    expect(() => read({ flags: { projections: 'olap9' } })).toThrow(
      /--projections: "olap9" must be none, or some of ingestion/,
    );
  });
});
