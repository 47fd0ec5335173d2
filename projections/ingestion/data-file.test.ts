import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Checkpoint } from '../runner/projection.js';
import { damageOfDataFile, lengthenDataFile } from './data-file.js';
import { VersionStore } from './version-store.js';

const PAGE_BYTES = 4_096;

describe('the data file of LMDB', () => {
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'polylog-data-file-'));
    const store = new VersionStore(folder);
    await store.commit({} as Checkpoint, () => undefined);
    await store.close();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  it('is made as long as its last commit says, and then is not taken for one that was cut', () => {
    const path = join(folder, 'data.mdb');
    const { size } = statSync(path);
    truncateSync(path, size - PAGE_BYTES);
    expect(damageOfDataFile(folder)).toContain(`has ${size - PAGE_BYTES} bytes and should have ${size}`);
    expect(lengthenDataFile(folder, size)).toBe(size - PAGE_BYTES);
    expect(lengthenDataFile(folder, size - PAGE_BYTES)).toBe(size);
    expect(damageOfDataFile(folder)).toBeNull();
  });
});
