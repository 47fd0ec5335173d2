import { parseKafkaUrl } from './kafka-url.js';

describe('the URL of a Kafka log', () => {
  it.each([
    ['kafka://localhost:9092/main', 'localhost:9092', 'main'],
    ['kafka://a.example:1,10.0.0.1:2,[::1]:3/my-cluster_1', 'a.example:1,10.0.0.1:2,[::1]:3', 'my-cluster_1'],
  ])('names brokers and cluster: %s', (url, bootstrap, cluster) => {
    expect(parseKafkaUrl(url)).toEqual({ bootstrap, cluster });
  });

  it.each([
    'kafka://localhost/main',
    'kafka://localhost:9092',
    'kafka://localhost:9092/',
    'kafka://localhost:99999/main',
    'kafka://localhost:9092,/main',
    'kafka://localhost:9092/a b',
    'kafka://localhost:9092/a/b',
    'http://localhost:9092/main',
  ])('is refused: %s', (url) => {
    expect(() => parseKafkaUrl(url)).toThrow(TypeError);
  });
});
