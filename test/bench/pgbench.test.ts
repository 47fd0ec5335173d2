import { readRun } from './pgbench.js';

const STDOUT = `transaction type: <builtin: select only>
number of transactions actually processed: 4321
number of failed transactions: 0 (0.000%)
latency average = 0.250 ms
tps = 4001.500000 (without initial connection time)
`;

describe('what pgbench printed', () => {
  it('is a result where nothing failed', () => {
    const run = readRun({ code: 0, stdout: STDOUT, stderr: 'pgbench (15.18)\nstarting vacuum...end.\n' }, 0.2);
    expect(run).toEqual({ ok: true, tps: 4001.5, p50Ms: 0.2, transactions: 4321 });
  });

  it.each([
    [
      'failed transactions',
      { code: 0, stdout: STDOUT.replace('transactions: 0 (0', 'transactions: 3 (0'), stderr: '' },
      /3 failed/,
    ],
    ['an aborted client', { code: 2, stdout: STDOUT, stderr: 'pgbench: error: client 3 script 0 aborted' }, /client 3/],
    [
      'an error beside a good exit',
      { code: 0, stdout: STDOUT, stderr: 'pgbench: error: lost a thread' },
      /lost a thread/,
    ],
    ['an end that did not come', { code: null, stdout: '', stderr: '' }, /did not end/],
    ['no figures', { code: 0, stdout: 'hello', stderr: '' }, /nothing to go by: hello/],
    ['no transaction', { code: 0, stdout: STDOUT.replace('4321', '0'), stderr: '' }, /not a single/],
  ])('is a failure with %s', (_name, end, reason) => {
    const run = readRun(end, 0.2);
    expect(run).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
  });
});
