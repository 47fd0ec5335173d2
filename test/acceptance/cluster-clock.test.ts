/** Two masters of the cluster's time and a node that goes by it: one master is killed, and the node goes on with the other's time. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { targetOf } from '../harness/client-programs.js';
import { type Outcome, polylogCommand } from '../harness/command-line.js';
import { freePort, freeUdpPorts } from '../harness/free-port.js';
import { GuardedProcess } from '../harness/guarded-process.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { projectRoot } from '../harness/project-root.js';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.js';

describe('a node that goes by the time of the cluster', () => {
  let scratch: TemporaryDirectory;
  let group: string;
  let node: PolylogNode;
  const masters: GuardedProcess[] = [];

  beforeAll(async () => {
    scratch = temporaryDirectory('cluster-clock');
    const [port] = await freeUdpPorts(1);
    group = `239.255.0.1:${port}`;
  });
  afterAll(async () => {
    await node?.remove();
    for (const master of masters) await master.stop('SIGKILL');
    scratch?.remove();
  }, 60_000);

  async function startMaster(id: number): Promise<{ metricsPort: number }> {
    const metricsPort = await freePort();
    const flags = ['--id', `${id}`, '--source', 'gps', '--clock-group', group, '--metrics-port', `${metricsPort}`];
    const data = join(scratch.path, `master-${id}`);
    masters[id] = GuardedProcess.start({
      command: process.execPath,
      args: [join(projectRoot(), 'dist/ops/cli/main.js'), 'clock', ...flags, '--data', data],
      logPath: join(scratch.path, `master-${id}.log`),
    });
    return { metricsPort };
  }

  async function metric(port: number, name: string): Promise<number> {
    const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
      (answer) => answer.text(),
      () => '',
    );
    return Number(new RegExp(`^polylog_${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  }

  async function until(condition: () => Promise<boolean>, timeoutMs = 10_000): Promise<void> {
    for (const end = performance.now() + timeoutMs; performance.now() < end; await sleep(20))
      if (await condition()) return;
    throw new Error('it does not come to that');
  }

  async function commit(client: Client): Promise<{ timestamp: number; uncertainty: number }> {
    await client.query('insert into t default values');
    const { stdout } = await polylogCommand('log', '--json', '--table', 't', '--data', node.dataDirectory);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { timestamp: number; uncertainty: number };
  }

  it('stamps commits with it and with its uncertainty, also after a backup has taken over', async () => {
    const primary = await startMaster(0);
    await until(async () => (await metric(primary.metricsPort, 'clock_master_leading')) === 1);
    const backup = await startMaster(1);
    await until(async () => (await metric(backup.metricsPort, 'clock_master_epoch')) === 1);
    node = await startPolylog({ flags: ['--clock', 'cluster', '--clock-group', group] });
    const client = new Client(targetOf(node));
    await client.connect();
    await client.query('create table t (n int generated always as identity)');
    await until(async () => (await metric(node.httpPort, 'clock_synchronised')) === 1);
    const before = await commit(client);
    expect(before.uncertainty).toBeGreaterThan(0);
    expect(before.uncertainty).toBeLessThan(500_000);
    await masters[0]?.stop('SIGKILL');
    await until(async () => (await metric(node.httpPort, 'clock_epoch')) === 2, 3_000);
    expect(await metric(node.httpPort, 'clock_master')).toBe(1);
    expect(await metric(backup.metricsPort, 'clock_master_failovers_total')).toBe(1);
    const after = await commit(client);
    expect(after.uncertainty).toBeLessThan(500_000);
    expect(after.timestamp).toBeGreaterThan(before.timestamp);
    await client.end();
  }, 60_000);

  it.each([
    [['--source', 'sundial'], /--source: "sundial" must be auto or one of local, gps/],
    [['--id', '-1'], /--id: "-1" must be a whole number/],
    [['--clock-group', '10.0.0.1'], /--clock-group: "10.0.0.1" must be a multicast ADDRESS:PORT/],
  ])('is not told by a master with %j', async (flags, says) => {
    const { code, stderr }: Outcome = await polylogCommand('clock', '--data', join(scratch.path, 'none'), ...flags);
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
  });
});
