import { setTimeout as sleep } from 'node:timers/promises';
import type { Configuration } from '../config/configuration.js';
import type { JobState } from '../http/jobs.js';
import { clientHost } from '../processes/listening-address.js';
import { readRunFile } from '../processes/run-file.js';
import { CommandFailed } from './command-failed.js';

const POLL_MS = 200;

/** HTTP of the node that `--http-port` names, or that runs on the data folder. */
export class NodeHttp {
  readonly #base: string;

  /** `httpPort`: null = as the data folder says. Throws CommandFailed where no node runs. */
  constructor({ data }: Pick<Configuration, 'data'>, httpPort: number | null) {
    if (httpPort !== null) {
      this.#base = `http://127.0.0.1:${httpPort}`;
      return;
    }
    const running = readRunFile(data);
    if (running === null)
      throw new CommandFailed(
        `no node runs on ${data}: start it, or name its folder with --data or its port with --http-port`,
      );
    this.#base = `http://${clientHost(running.host)}:${running.httpPort}`;
  }

  get(path: string): Promise<unknown> {
    return this.#ask('GET', path);
  }

  /** Begins a job and waits for it. Throws CommandFailed with the node's own words where it fails. */
  async run(path: string): Promise<unknown> {
    let job = (await this.#ask('POST', path)) as JobState;
    while (job.state === 'running') {
      await sleep(POLL_MS);
      job = (await this.#ask('GET', `/jobs/${job.id}`)) as JobState;
    }
    if (job.state === 'failed') throw new CommandFailed(job.error ?? 'the node could not do it');
    return job.result;
  }

  async #ask(method: string, path: string): Promise<unknown> {
    let answer: Response;
    try {
      answer = await fetch(this.#base + path, { method });
    } catch (error) {
      throw new CommandFailed(
        `no node answers at ${this.#base}: ${((error as Error).cause as Error | undefined)?.message ?? error}`,
      );
    }
    const body = (await answer.json()) as { message?: string };
    if (answer.ok) return body;
    throw new CommandFailed(body.message ?? `the node answered ${answer.status} to ${method} ${path}`);
  }
}
