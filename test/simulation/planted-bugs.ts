import { type Candidate, Certifier, type CertifierLimits, type Verdict } from '#log/transactions/certifier.js';
import type { Offset } from '#schemas/kernel/brand.js';

/** Bugs that are put in on purpose, to see that a simulation finds them. */
export const PLANTED_BUGS = [
  'acknowledged before durable',
  'certifier off by one',
  'certifier off',
  'fence skipped',
  'checkpoint apart from its data',
  'watermark moves back',
  'rows not synced before their checkpoint',
] as const;

export type PlantedBug = (typeof PLANTED_BUGS)[number];

/** Passes over the first record behind the snapshot. */
class LateCertifier extends Certifier {
  override judge(candidate: Candidate): Verdict {
    return super.judge({ ...candidate, snapshot: (candidate.snapshot + 1) as Offset });
  }
}

class BlindCertifier extends Certifier {
  override judge(): Verdict {
    return { kind: 'commit' };
  }
}

/** Null = the certifier is as it should be. */
export function bugInCertifier(bug: PlantedBug | null, limits: CertifierLimits): Certifier | null {
  if (bug === 'certifier off by one') return new LateCertifier(limits);
  return bug === 'certifier off' ? new BlindCertifier(limits) : null;
}
