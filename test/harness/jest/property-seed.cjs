/**
 * Before each test file: property tests draw the same values in every run, so that a new find does not stop somebody else's work. POLYLOG_SEED
 * chooses others, `random` new ones each time: a failure prints its seed.
 */
const fc = require('fast-check');

const seed = process.env.POLYLOG_SEED ?? '1';
if (seed !== 'random') fc.configureGlobal({ seed: Number(seed) });
