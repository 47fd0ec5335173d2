import { readSysbench } from './sysbench.js';

const STDOUT = `SQL statistics:
    transactions:                        2048   (678.13 per sec.)
    queries:                             12300  (4072.77 per sec.)
    ignored errors:                      4      (1.32 per sec.)
    reconnects:                          0      (0.00 per sec.)
Latency (ms):
         50th percentile:                       13.22
`;

describe('what sysbench printed', () => {
  it('is a result where nothing failed, deadlocks aside', () => {
    const run = readSysbench({ code: 0, stdout: STDOUT, stderr: '' });
    expect(run).toEqual({ ok: true, tps: 678.13, p50Ms: 13.22, transactions: 2048 });
  });

  it.each([
    ['an error', { code: 1, stdout: STDOUT, stderr: 'FATAL: mysql_drv_query() returned error 1064' }, /with 1: FATAL/],
    ['an error beside a good exit', { code: 0, stdout: `FATAL: oh\n${STDOUT}`, stderr: '' }, /FATAL: oh/],
    ['a lost connection', { code: 0, stdout: STDOUT.replace(/0 +\(0.00/, '2 (0.10'), stderr: '' }, /2 lost/],
    ['an end that did not come', { code: null, stdout: '', stderr: '' }, /did not end/],
    ['no figures', { code: 0, stdout: 'hello', stderr: '' }, /nothing to go by: hello/],
    ['no transaction', { code: 0, stdout: STDOUT.replace('2048', '0'), stderr: '' }, /not a single/],
  ])('is a failure with %s', (_name, end, reason) => {
    expect(readSysbench(end)).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
  });
});
