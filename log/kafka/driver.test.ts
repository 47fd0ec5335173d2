import { DriverMissing } from './driver.js';
import { KafkaLog } from './kafka-log.js';

jest.mock('@confluentinc/kafka-javascript', () => {
  throw new Error('cannot find the native part');
});

describe('a Kafka log without its driver', () => {
  it('says what to run', async () => {
    const opening = KafkaLog.open({ url: 'kafka://127.0.0.1:9092/main' });
    await expect(opening).rejects.toThrow(DriverMissing);
    await expect(opening).rejects.toThrow(/node scripts\/kafka-driver\.mjs/);
  });
});
