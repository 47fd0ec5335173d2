import { tmpdir } from 'node:os';
import { pino } from 'pino';
import { onStoreFull } from './on-store-full.js';

describe('rows that cannot be taken to disk', () => {
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => lines.push(line) });
  const exit = jest.spyOn(process, 'exit').mockImplementation((() => undefined) as () => never);
  afterAll(() => exit.mockRestore());

  it('are left in memory while there is no room for them', () => {
    onStoreFull(tmpdir(), logger)(new Error('full'), Number.MAX_SAFE_INTEGER);
    expect(lines.at(-1)).toContain('the log has them');
    expect(exit).not.toHaveBeenCalled();
  });

  it('make the engine start anew when room is not what they lack', () => {
    onStoreFull(tmpdir(), logger)(new Error('full'), 1);
    expect(lines.at(-1)).toContain('starting anew');
    expect(exit).toHaveBeenCalledWith(1);
  });
});
