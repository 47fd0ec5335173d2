import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { damageOf } from '../rows/store-damage.js';
import { PEOPLE } from './people.fixture.js';
import { digestOf } from './store-digest.fixture.js';
import { StoreHarness } from './store-harness.fixture.js';

function fileLike(folder: string, pattern: RegExp): string {
  const name = readdirSync(folder).find((file) => pattern.test(file));
  if (name === undefined) throw new Error(`no file like ${pattern}`);
  return join(folder, name);
}

/** What may befall the folder; true = LevelDB does not notice by itself that something is gone. */
const DAMAGES: ReadonlyArray<readonly [what: string, damage: (folder: string) => void, unnoticed: boolean]> = [
  ['the whole folder is gone', (folder) => rmSync(folder, { recursive: true }), true],
  ['CURRENT is gone', (folder) => rmSync(join(folder, 'CURRENT')), true],
  ['CURRENT is no text of LevelDB', (folder) => writeFileSync(join(folder, 'CURRENT'), 'nonsense'), false],
  ['the manifest is gone', (folder) => rmSync(fileLike(folder, /MANIFEST/)), false],
  ['a table file is gone', (folder) => rmSync(fileLike(folder, /ldb$/)), false],
  ['a table file is empty', (folder) => writeFileSync(fileLike(folder, /ldb$/), ''), false],
  [
    'the log file of LevelDB is cut',
    (folder) => {
      const path = fileLike(folder, /log$/);
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.subarray(0, bytes.length >> 1));
    },
    true,
  ],
];

describe('a store whose files were damaged while nobody ran', () => {
  it.each(DAMAGES)('comes back from the log: %s', async (_what, damage, unnoticed) => {
    const folder = join(mkdtempSync(join(tmpdir(), 'polylog-damage-')), 'store');
    const harness = await StoreHarness.start(folder);
    try {
      for (let i = 0; i < 30; i++) {
        const t = harness.begin();
        t.beginStatement();
        await t.insert(PEOPLE, [i, i % 3 === 0 ? null : `e${i}`, i % 5]);
        await t.commit();
        if (i % 10 === 5) await harness.checkpointer.flush();
      }
      const { durable } = harness.manager;
      const before = await digestOf(harness.store, durable);
      await harness.store.close();
      damage(folder);
      const restarted = async (): Promise<unknown> => {
        await harness.restart();
        return digestOf(harness.store, durable);
      };
      const after = await restarted().catch(async (error: unknown) => {
        expect(damageOf(error)).not.toBeNull();
        expect(unnoticed).toBe(false);
        // What the engine does, whether it meets this at its start or later.
        await harness.store.close();
        rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
        return restarted();
      });
      expect(after).toEqual(before);
    } finally {
      await harness.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
