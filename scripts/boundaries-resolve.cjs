/**
 * How the boundary check resolves imports: `#log/…` and relative names end in .js, as Node wants them, and stand for the
 * TypeScript beside them, so that the arrows are checked on sources without a build. The tree is the working directory.
 */
const { join } = require('node:path');

const folders = ['schemas', 'log', 'engines', 'projections', 'gateways', 'ops', 'test'];

module.exports = {
  resolve: {
    alias: Object.fromEntries(folders.map((folder) => [`#${folder}`, join(process.cwd(), folder)])),
    extensionAlias: { '.js': ['.ts', '.js'] },
  },
};
