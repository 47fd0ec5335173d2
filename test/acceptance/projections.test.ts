import { projectionsSuite } from './projections.suite.js';

projectionsSuite('projections over the embedded log', async () => 'embedded');
