import type { TransactionState } from '#schemas/link/frames.js';
import type { MessageWriter } from '../encode.js';

/*
 *   ReadyForQuery = 'Z' length state:byte      ('I' idle, 'T' in a transaction block, 'E' in a failed one)
 */
const STATES = [0x49, 0x54, 0x45] as const;

export function writeReadyForQuery(out: MessageWriter, state: TransactionState): void {
  out.empty(0x5a);
  out.buffer[out.position - 1] = 5;
  out.byte(STATES[state]);
}
