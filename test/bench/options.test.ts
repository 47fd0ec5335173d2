import { readOptions, SECTIONS } from './options.js';

describe('options of the benchmark', () => {
  it('ask for everything, at full length, where none is given', () => {
    const options = readOptions([]);
    expect(options).toMatchObject({
      sections: SECTIONS,
      clients: [1, 8, 32],
      scales: [1, 10],
      rounds: 3,
      quick: false,
    });
  });

  it('shorten with --quick what is not given', () => {
    const args = ['--quick', '--seconds', '1', '--only', 'idle,start', '--clients=4'];
    const expected = { sections: ['idle', 'start'], clients: [4], scales: [1], rounds: 1, seconds: 1, quick: true };
    expect(readOptions(args)).toMatchObject(expected);
  });

  it.each([
    [['--only', 'speed'], /speed.* none of throughput/],
    [['--clients', '1,x'], /--clients: "x"/],
    [['--rounds', '1,2'], /--rounds takes one/],
    [['--seconds', '0'], /--seconds/],
    [['--placement', 'inside'], /inside.* none of process, engine/],
    [['--fast'], /--fast/],
  ])('%j is refused', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});
