/**
 * Who may import whom. The arrows run one way:
 *
 *   schemas ◄ log ◄ engines      schemas ◄ log ◄ projections      schemas ◄ gateways      everything ◄ ops ◄ test
 *
 * and each foreign library has one home. Run by scripts/boundaries.mjs, which also proves that modules were really
 * read; test/tidy plants a violation of each kind and expects it to be found.
 */

/** For each folder, what it may import of ours; ops and test come after everything and are left out. */
const ARROWS = {
  schemas: ['schemas'],
  log: ['schemas', 'log'],
  engines: ['schemas', 'log', 'engines'],
  projections: ['schemas', 'log', 'projections'],
  gateways: ['schemas', 'gateways'],
  ops: ['schemas', 'log', 'engines', 'projections', 'gateways', 'ops'],
};

/** Foreign libraries and the one place that may know them; tests beside the source are bound too. */
const HOMES = {
  '@confluentinc/kafka-javascript': 'log/kafka/',
  '@duckdb/node-api': '(projections/olap/|test/)',
  'apache-arrow': 'schemas/arrow/',
  avsc: 'schemas/events/',
  'classic-level': 'engines/rows/',
  lmdb: 'projections/ingestion/',
  re2js: 'engines/functions/',
  msgpackr: 'schemas/(link|program)/',
  fastify: 'ops/',
  '@fastify/[^/]+': 'ops/',
  'prom-client': 'ops/',
  pino: 'ops/',
  commander: '(ops/|test/bench/)',
};

const PROTOCOLS = ['postgres', 'mysql', 'firebird', 'tds'];

/** A test may use the shared harness and the in-memory parts of any folder below its own. */
const arrows = Object.entries(ARROWS).map(([from, allowed]) => ({
  name: `arrow-${from}`,
  severity: 'error',
  comment: `${from} may import only ${allowed.join(', ')}.`,
  from: { path: `^${from}/` },
  to: {
    path: '^(schemas|log|engines|projections|gateways|ops|test|scripts|dist)/',
    pathNot: `^(${allowed.join('|')})/`,
  },
}));

/** Tests may start brokers and servers through the harness, wherever they stand. */
const testArrows = arrows.map((rule) => ({ ...rule, from: { ...rule.from, pathNot: '\\.test\\.ts$' } }));
const testFileArrows = arrows.map((rule) => ({
  ...rule,
  name: `${rule.name}-tests`,
  from: { path: `${rule.from.path}.*\\.test\\.ts$` },
  to: { ...rule.to, pathNot: rule.to.pathNot.replace('^(', '^(test/harness|') },
}));

const homes = Object.entries(HOMES).map(([library, home]) => ({
  name: `home-${library.replace(/[^a-z-]/g, '')}`,
  severity: 'error',
  comment: `${library} is known in ${home} only; elsewhere use what stands there.`,
  from: { path: '^(schemas|log|engines|projections|gateways|ops|test)/', pathNot: `^${home}` },
  to: { path: `node_modules/${library}(/|$)` },
}));

const protocols = PROTOCOLS.map((protocol) => ({
  name: `protocol-${protocol}`,
  severity: 'error',
  comment:
    'Protocol folders never import each other: what two of them need belongs into gateways/sql or gateways/link.',
  from: { path: `^gateways/${protocol}/` },
  to: { path: `^gateways/(${PROTOCOLS.filter((other) => other !== protocol).join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...testArrows,
    ...testFileArrows,
    ...homes,
    ...protocols,
    {
      name: 'shared-gateway-parts',
      severity: 'error',
      comment: 'The shared SQL front end and the link client know no protocol.',
      from: { path: '^gateways/(sql|link)/', pathNot: '\\.test\\.ts$' },
      to: { path: `^gateways/(${PROTOCOLS.join('|')})/` },
    },
    {
      name: 'not-resolvable',
      severity: 'error',
      comment: 'An import that cannot be found cannot be checked either.',
      from: {},
      to: { couldNotResolve: true, pathNot: '^@confluentinc/kafka-javascript$' },
    },
    {
      name: 'no-undeclared-library',
      severity: 'error',
      comment: 'A library that only another library brought along can vanish with any update.',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-development-library-at-run-time',
      severity: 'error',
      comment: 'What runs in production is a dependency, not a devDependency.',
      from: { path: '^(schemas|log|engines|projections|gateways|ops)/', pathNot: '\\.(test|suite)\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
      conditionNames: ['import', 'node', 'default'],
    },
    webpackConfig: { fileName: 'scripts/boundaries-resolve.cjs' },
  },
};
