import type { ChildProcess } from 'node:child_process';

/** Questions that the supervisor asks its children over their channel, and answers. One number for each pair. */
interface Question {
  readonly kind: 'call';
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

interface Answer {
  readonly kind: 'answer';
  readonly id: number;
  readonly result?: unknown;
  readonly error?: {
    readonly name: string;
    readonly message: string;
    readonly status?: number;
    readonly code?: number;
  };
}

/** An error that a child answered with. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly status: number | null;
  readonly code: number | null;
  constructor(message: string, status: number | null, code: number | null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const CALL_TIMEOUT_MS = 10_000;

/** The asking side: the supervisor's, one for each child. */
export class Caller {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void; timer: NodeJS.Timeout }
  >();
  #next = 1;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: unknown) => this.#receive(message));
    child.on('exit', () => this.#failAll());
  }

  /** Rejects with CallError, also when the child does not answer in time. */
  call(method: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.callFor(CALL_TIMEOUT_MS, method, ...args);
  }

  /** The same, for what may take as long as `timeoutMs`. */
  callFor(timeoutMs: number, method: string, ...args: readonly unknown[]): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new CallError(`the process did not answer ${method} in ${timeoutMs} ms`, 503, null));
      }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      const question: Question = { kind: 'call', id, method, args };
      if (!this.#child.connected) {
        this.#failAll();
        return;
      }
      this.#child.send(question);
    });
  }

  #receive(message: unknown): void {
    if (typeof message !== 'object' || message === null || (message as Answer).kind !== 'answer') return;
    const answer = message as Answer;
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    clearTimeout(waiting.timer);
    if (answer.error === undefined) waiting.resolve(answer.result);
    else waiting.reject(new CallError(answer.error.message, answer.error.status ?? null, answer.error.code ?? null));
  }

  #failAll(): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new CallError('the process is not running', 503, null));
    }
    this.#waiting.clear();
  }
}

export type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

/** The answering side, in a child. */
export function answerCalls(methods: Methods): void {
  process.on('message', (message: unknown) => {
    if (typeof message !== 'object' || message === null || (message as Question).kind !== 'call') return;
    const { id, method, args } = message as Question;
    const run = methods[method] as ((...args: readonly unknown[]) => unknown) | undefined;
    Promise.resolve()
      .then(() => {
        if (run === undefined) throw new Error(`unknown call ${method}`);
        return run(...args);
      })
      .then(
        (result) => reply({ kind: 'answer', id, result }),
        (error: Error & { status?: number; code?: number }) =>
          reply({
            kind: 'answer',
            id,
            error: {
              name: error.name,
              message: error.message,
              ...(typeof error.status === 'number' ? { status: error.status } : {}),
              ...(typeof error.code === 'number' ? { code: error.code } : {}),
            },
          }),
      );
  });
}

function reply(answer: Answer): void {
  if (process.connected) process.send?.(answer);
}
