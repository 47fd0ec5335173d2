import { createConnection, type Socket } from 'node:net';

/** One backend message. */
export interface Received {
  readonly type: string;
  readonly body: Buffer;
}

const int16 = (n: number): Buffer => Buffer.from([(n >> 8) & 255, n & 255]);
export const int32 = (n: number): Buffer => Buffer.from([(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
export const cstring = (text: string): Buffer => Buffer.from(`${text}\0`);

export function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

export function startup(parameters: Readonly<Record<string, string>>, version = 0x3_0000): Buffer {
  const body = Buffer.concat([
    int32(version),
    ...Object.entries(parameters).flatMap(([k, v]) => [cstring(k), cstring(v)]),
    Buffer.from([0]),
  ]);
  return Buffer.concat([int32(body.length + 4), body]);
}

export const query = (sql: string): Buffer => message('Q', cstring(sql));
export const parse = (name: string, sql: string, types: readonly number[] = []): Buffer =>
  message('P', cstring(name), cstring(sql), int16(types.length), ...types.map(int32));
export const describe_ = (of: 'S' | 'P', name = ''): Buffer => message('D', Buffer.from(of), cstring(name));
export const close = (of: 'S' | 'P', name = ''): Buffer => message('C', Buffer.from(of), cstring(name));
export const execute = (portal = '', rows = 0): Buffer => message('E', cstring(portal), int32(rows));
export const sync = message('S');
export const flush = message('H');

export function bind(
  portal: string,
  statement: string,
  values: ReadonlyArray<string | Buffer | null>,
  formats: readonly number[] = [],
  results: readonly number[] = [],
): Buffer {
  const fields = values.flatMap((v) => (v === null ? [int32(-1)] : [int32(Buffer.from(v).length), Buffer.from(v)]));
  return message(
    'B',
    cstring(portal),
    cstring(statement),
    int16(formats.length),
    ...formats.map(int16),
    int16(values.length),
    ...fields,
    int16(results.length),
    ...results.map(int16),
  );
}

/** A client that sees every byte; for tests. */
export class WireClient {
  readonly socket: Socket;
  readonly received: Received[] = [];
  closed = false;
  #buffer: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};
  #late = false;

  constructor(port: number) {
    this.socket = createConnection(port, '127.0.0.1');
    // Small messages must not wait for one another.
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** Connects and waits until it may send queries. */
  static async open(port: number): Promise<WireClient> {
    const client = new WireClient(port);
    client.send(startup({ user: 'u', database: 'd' }));
    await client.until('Z');
    client.received.length = 0;
    return client;
  }

  send(...parts: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** Waits for `count` messages of this type, then takes everything up to the last of them. */
  async until(type: string, count = 1): Promise<Received[]> {
    for (;;) {
      let seen = 0;
      for (let i = 0; i < this.received.length; i++) {
        if (this.received[i]?.type === type && ++seen === count) return this.received.splice(0, i + 1);
      }
      if (this.closed) throw new Error(`closed before ${type}; got ${this.types()}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next message, taken; null when the server has closed the connection before one came. */
  async next(): Promise<Received | null> {
    while (this.received.length === 0) {
      if (this.closed) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.received.shift() ?? null;
  }

  /** Everything received until the server has closed the connection; fails when it does not within a second. */
  async untilClosed(): Promise<Received[]> {
    // biome-ignore lint/style/noRestrictedGlobals: tests run in real time
    const timer = setTimeout(() => {
      this.#late = true;
      this.#wake();
    }, 1_000);
    while (!this.closed && !this.#late) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    clearTimeout(timer);
    if (this.#late) {
      this.end();
      throw new Error(`not closed by the server; got ${show(this.received)}`);
    }
    return this.received;
  }

  /** Sends, and answers the types of the messages up to ReadyForQuery. */
  async ask(...parts: readonly Buffer[]): Promise<string> {
    this.send(...parts);
    return show(await this.until('Z'));
  }

  types(): string {
    return this.received.map((m) => m.type).join('');
  }

  end(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    while (this.#buffer.length >= 5) {
      const length = this.#buffer.readInt32BE(1) + 1;
      if (this.#buffer.length < length) break;
      this.received.push({
        type: String.fromCharCode(this.#buffer[0] as number),
        body: this.#buffer.subarray(5, length),
      });
      this.#buffer = this.#buffer.subarray(length);
    }
    this.#wake();
  }
}

/** The fields of an ErrorResponse or NoticeResponse by their letters. */
export function fields(received: Received | undefined): Record<string, string> {
  const result: Record<string, string> = {};
  for (const field of (received?.body.toString() ?? '').split('\0'))
    if (field !== '') result[field[0] as string] = field.slice(1);
  return result;
}

/** Message types in order; of errors their code, of commands their tag, of Z the state. */
export function show(messages: readonly Received[]): string {
  return messages
    .map((m) => {
      if (m.type === 'E') return `E(${fields(m)['C']})`;
      if (m.type === 'C') return `C(${m.body.toString().slice(0, -1)})`;
      return m.type === 'Z' ? `Z${m.body.toString()}` : m.type;
    })
    .join(' ');
}
