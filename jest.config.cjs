/**
 * Unit and property tests stand beside the source; what no folder can test alone stands in test/. Files named
 * x.long.test.ts take minutes and run with `npm run test:long` only.
 */
const folders = ['schemas', 'log', 'engines', 'projections', 'gateways', 'ops', 'test'];
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const present = folders.filter((folder) => existsSync(join(__dirname, folder)));

// Nodes of tests that say nothing of it take any port for MySQL clients: 3306 is one for all.
process.env.POLYLOG_MYSQL_PORT ??= '0';

module.exports = {
  testEnvironment: 'node',
  // A test that hangs should say so; how quick it is on a busy machine is for the bench to say.
  testTimeout: 60_000,
  globalSetup: '<rootDir>/test/harness/jest/global-setup.cjs',
  globalTeardown: '<rootDir>/test/harness/jest/global-teardown.cjs',
  setupFiles: ['<rootDir>/test/harness/jest/property-seed.cjs'],
  roots: present.map((folder) => `<rootDir>/${folder}`),
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: process.env.POLYLOG_LONG ? ['/node_modules/'] : ['/node_modules/', '\\.long\\.test\\.ts$'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  moduleNameMapper: {
    [`^#(${folders.join('|')})/(.*)\\.js$`]: '<rootDir>/$1/$2.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  collectCoverageFrom: present.map((folder) => `${folder}/**/*.ts`).concat('!**/*.test.ts', '!test/**'),
};
