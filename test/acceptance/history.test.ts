import { historySuite } from './history.suite.js';

historySuite('tables of the past, over the embedded log', async () => 'embedded');
