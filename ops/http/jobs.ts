import { randomUUID } from 'node:crypto';

/** How a job stands. `result` when it is done, `error` when it failed. */
export interface JobState {
  readonly id: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly result: unknown;
  readonly error: string | null;
}

/** Ended jobs that can still be asked about. */
const ENDED_MAX = 100;

/** Work that outlasts a request: it is begun by one and asked about by others. */
export class Jobs {
  readonly #states = new Map<string, JobState>();

  /** Begins it, and answers with what it can be asked by. */
  start(work: () => Promise<unknown>): JobState {
    const id = randomUUID();
    const running: JobState = { id, state: 'running', result: null, error: null };
    this.#states.set(id, running);
    work().then(
      (result) => this.#end({ id, state: 'done', result, error: null }),
      (error: unknown) =>
        this.#end({ id, state: 'failed', result: null, error: error instanceof Error ? error.message : String(error) }),
    );
    return running;
  }

  get(id: string): JobState | null {
    return this.#states.get(id) ?? null;
  }

  #end(state: JobState): void {
    this.#states.set(state.id, state);
    const ended = [...this.#states.values()].filter((each) => each.state !== 'running');
    for (const { id } of ended.slice(0, Math.max(0, ended.length - ENDED_MAX))) this.#states.delete(id);
  }
}
