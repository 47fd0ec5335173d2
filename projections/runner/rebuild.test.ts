import { MemoryLog } from '#log/memory/memory-log.js';
import { recordsOf } from '#log/record-source.js';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { KnownSchemas } from './known-schemas.js';
import { ProjectionRunner } from './runner.js';

describe('a projection', () => {
  it('is built anew for everybody who asks for it, also while it is', async () => {
    const ending = new AbortController();
    let dropped = 0;
    const runner: ProjectionRunner = new ProjectionRunner({
      projection: {
        name: 'empty',
        checkpoint: () => null,
        apply: () => Promise.resolve(),
        drop: async () => {
          dropped++;
          await new Promise((resolve) => setImmediate(resolve));
        },
        close: () => Promise.resolve(),
      },
      source: recordsOf(new MemoryLog()),
      partition: 0 as Partition,
      schemas: new KnownSchemas(null),
      ids: { commit: 1, lease: 2 },
      fetchSchemas: null,
      onRebuild: () => undefined,
    });
    const running = runner.run(ending.signal);
    const asked = [runner.rebuild('it was asked for'), runner.rebuild('it was asked for')];
    await new Promise((resolve) => setImmediate(resolve));
    asked.push(runner.rebuild('it was asked for'));
    await Promise.all(asked);
    expect(dropped).toBe(2);
    expect(runner.applied).toBe(0 as Offset);
    ending.abort();
    await running;
  });
});
