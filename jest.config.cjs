/** Unit and property tests stand beside the source; what no folder can test alone stands in test/. */
module.exports = {
  testEnvironment: 'node',
  roots: ['schemas', 'log', 'engines', 'projections', 'gateways', 'ops', 'test'].map((d) => `<rootDir>/${d}`),
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }] },
  moduleNameMapper: {
    '^#(schemas|log|engines|projections|gateways|ops|test)/(.*)\\.js$': '<rootDir>/$1/$2.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
};
