import { runGateway } from '../link/gateway-process.js';
import { dialect } from './dialect/dialect.js';
import { MysqlGateway } from './listen.js';

runGateway(
  'mysql',
  dialect,
  ({ source, dialect: loaded, ...parts }) =>
    new MysqlGateway({ ...parts, frontEnd: { dialect: loaded, cache: source } }),
);
