import { runGateway } from '../link/gateway-process.js';
import { dialect } from './dialect/dialect.js';
import { PostgresGateway } from './listen.js';

runGateway('postgres', dialect, (parts) => new PostgresGateway(parts));
