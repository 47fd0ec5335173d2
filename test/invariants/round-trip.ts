import type { EventCodec } from '#schemas/events/codec.js';
import type { LogEvent } from '#schemas/events/event.js';
import { insist } from './violation.js';

/** I8 of a record: what it decodes to encodes to the same bytes. Answers with the event. */
export function checkRoundTrip(codec: EventCodec, value: Uint8Array, key: Uint8Array | null): LogEvent {
  const event = codec.decode(value, key);
  const again = codec.encode(event);
  const same = Buffer.compare(again, value) === 0;
  codec.reset();
  insist(same, 'I8', () => `an event of kind ${event.kind} encodes to other bytes than it was decoded from`);
  return event;
}
