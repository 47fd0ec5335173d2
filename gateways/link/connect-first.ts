import type { LinkClient } from '#schemas/link/frames.js';
import { connectLink } from '#schemas/link/socket-transport.js';

/** Connects to the first engine that listens, in the order of their sockets. Rejects, as the first one did, when none does. */
export async function connectFirst(
  sockets: readonly [string, ...string[]],
  connect: (socket: string) => Promise<LinkClient> = connectLink,
): Promise<LinkClient> {
  const [own, ...others] = sockets;
  try {
    return await connect(own);
  } catch (error) {
    for (const other of others) {
      const client = await connect(other).catch(() => null);
      if (client !== null) return client;
    }
    throw error;
  }
}
