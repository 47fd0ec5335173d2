import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * The operator's way into a running node: a Unix socket in a folder that only the node's owner may enter. One request a connection, a line
 * of JSON each way: {method, args} and {result} or {error}.
 */
interface Request {
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Methods by name. What they throw is answered as its message. */
export type ControlMethods = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;

/** Longer requests are nobody's. */
const REQUEST_MAX = 64 * 1024;
const TIMEOUT_MS = 15_000;

/** The node answered with a refusal. */
class ControlRefused extends Error {
  override readonly name = 'ControlRefused';
}

export function listenControl(path: string, methods: ControlMethods): Promise<Server> {
  rmSync(path, { force: true });
  const server = createServer({ allowHalfOpen: true }, (socket) => serve(socket, methods));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      chmodSync(path, 0o600);
      resolve(server);
    });
  });
}

function serve(socket: Socket, methods: ControlMethods): void {
  let text = '';
  const answer = (value: object): void => void socket.end(`${JSON.stringify(value)}\n`);
  socket.setEncoding('utf8');
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: string) => {
    text += chunk;
    if (text.length > REQUEST_MAX) socket.destroy();
    if (!text.includes('\n')) return;
    const line = text.slice(0, text.indexOf('\n'));
    text = '';
    run(line, methods).then(
      (result) => answer({ result: result ?? null }),
      (error: unknown) => answer({ error: error instanceof Error ? error.message : String(error) }),
    );
  });
}

async function run(line: string, methods: ControlMethods): Promise<unknown> {
  const { method, args } = JSON.parse(line) as Request;
  const known = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (known === undefined) throw new Error(`unknown request ${method}`);
  return known(...args);
}

/** Asks a running node. Rejects with ControlRefused for what the node answered, with the socket's error when it is not there. */
export function askControl(path: string, method: string, ...args: readonly unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request: Request = { method, args };
    const socket = connect(path, () => socket.write(`${JSON.stringify(request)}\n`));
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(TIMEOUT_MS, () =>
      socket.destroy(new Error(`the node did not answer in ${TIMEOUT_MS / 1_000} s`)),
    );
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('end', () => {
      socket.end();
      const { result, error } = JSON.parse(text === '' ? '{"error":"the node is stopping"}' : text) as {
        result?: unknown;
        error?: string;
      };
      if (error === undefined) resolve(result);
      else reject(new ControlRefused(error));
    });
  });
}
