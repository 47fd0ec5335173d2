import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KnownSchemas } from './known-schemas.js';

describe('KnownSchemas', () => {
  const folder = mkdtempSync(join(tmpdir(), 'known-schemas-'));
  const path = join(folder, 'below', 'schemas.json');
  afterAll(() => rmSync(folder, { recursive: true, maxRetries: 5 }));

  it('are found again, and a file of none is no missing file', async () => {
    const first = new KnownSchemas(path);
    expect(first.damage).toBe(`${path} is missing`);
    await first.save();
    expect([first.damage, first.save(), new KnownSchemas(path).damage]).toEqual([null, null, null]);
    first.remember(1_000, '"int"');
    await first.save();
    const again = new KnownSchemas(path);
    expect([again.damage, again.schemaText(1_000), again.save()]).toEqual([null, '"int"', null]);
  });

  it.each([
    ['cut', (text: string) => text.slice(0, -12)],
    ['empty', () => ''],
    ['changed in one place', (text: string) => text.replace('int', 'inT')],
  ])('a file that is %s is damaged, and none of it is believed', async (_how, damaged) => {
    writeFileSync(path, damaged(readFileSync(path, 'utf8')));
    const found = new KnownSchemas(path);
    expect(found.damage).toBe(`${path} is damaged: its checksum is wrong`);
    expect(found.schemaText(1_000)).toBeNull();
    found.remember(1_000, '"int"');
    await found.save();
    expect(new KnownSchemas(path).damage).toBeNull();
  });
});
