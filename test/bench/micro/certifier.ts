/** What certifying costs a written key, one server alone: `npm run build`, `node dist/test/bench/micro/certifier.js`. */
import { Certifier, certifiedKey } from '#log/transactions/certifier.js';
import type { Offset, ServerId } from '#schemas/kernel/brand.js';

const COMMITS = 1_000_000;
const KEYS = 100_000;
const CHUNK = 1_000;

for (const writesEach of [1, 4]) {
  const certifier = new Certifier();
  let making = 0;
  let deciding = 0;
  for (let i = 0; i < COMMITS; i += CHUNK) {
    const began = performance.now();
    const chunk = Array.from({ length: CHUNK }, (_, j) =>
      Array.from({ length: writesEach }, (_, w) => certifiedKey(20_000 + w, `k${((i + j) * 7_919) % KEYS}`)),
    );
    const made = performance.now();
    for (let j = 0; j < CHUNK; j++) {
      const offset = (i + j + 1) as Offset;
      const writes = chunk[j] as string[];
      certifier.decide({ offset, snapshot: (i + j) as Offset, server: 1 as ServerId, epoch: 1, writes, reads: [] });
    }
    making += made - began;
    deciding += performance.now() - made;
  }
  const micros = (ms: number): string => ((ms * 1_000) / (COMMITS * writesEach)).toFixed(2);
  console.log(`${writesEach} writes a commit: ${micros(deciding)} µs a key; making it ${micros(making)} µs`);
}
