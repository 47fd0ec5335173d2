import { createServer } from 'node:http';
import { join } from 'node:path';
import { startKafkaContainer } from './kafka-container.js';
import { temporaryDirectory } from './temporary-directory.js';

describe('Kafka in a container', () => {
  it('is not asked for where no engine has a socket', async () => {
    const began = performance.now();
    expect(await startKafkaContainer(process.pid, { DOCKER_HOST: 'unix:///nowhere.sock' })).toBeNull();
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('is given up where the engine cannot run it, for the jars to do', async () => {
    const { path, remove } = temporaryDirectory('engine');
    const socket = join(path, 'docker.sock');
    let asked = 0;
    const engine = createServer((request, response) => {
      asked++;
      const isPing = request.url?.endsWith('/_ping') === true;
      response.writeHead(isPing ? 200 : 500, { 'content-type': 'application/json' });
      response.end(isPing ? 'OK' : '{"message":"no space left on device"}');
    });
    await new Promise<void>((resolve) => engine.listen(socket, resolve));
    const environment = { ...process.env, DOCKER_HOST: `unix://${socket}` };
    expect(await startKafkaContainer(process.pid, environment)).toBeNull();
    expect(asked).toBeGreaterThan(0);
    engine.close();
    remove();
  }, 60_000);
});
