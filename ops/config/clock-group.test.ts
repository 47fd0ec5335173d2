import { parseClockGroup } from './clock-group.js';

describe('a group of clocks', () => {
  it('is a multicast address, or a list of members', () => {
    expect(parseClockGroup('239.255.0.1:5555')).toEqual({ kind: 'multicast', address: '239.255.0.1', port: 5555 });
    expect(parseClockGroup('a.example:1, 10.0.0.2:65535')).toEqual({
      kind: 'list',
      members: [
        { host: 'a.example', port: 1 },
        { host: '10.0.0.2', port: 65_535 },
      ],
    });
  });

  it.each(['', '239.255.0.1', 'a:0', 'a:70000', 'a:1,', '239.255.0.1:5555,10.0.0.2:1', ':5', 'a b:5'])(
    'is not %j',
    (text) => {
      expect(() => parseClockGroup(text)).toThrow('must be a multicast');
    },
  );
});
