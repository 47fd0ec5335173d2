import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { DatagramGroup } from '#schemas/kernel/ports.js';
import type { ClockGroup } from '../config/clock-group.js';

export interface UdpGroupOptions {
  readonly group: ClockGroup;
  /** Address of the interface that beats come and go by: loopback reaches this machine only. */
  readonly interfaceAddress: string;
  /** Where a member of a list listens; a multicast group has one port for all. */
  readonly listenPort: number;
  /** The network does not take or give datagrams. Told of each time. */
  onError(error: Error): void;
}

/** A group over UDP. Resolves when it listens. */
export async function openUdpGroup(options: UdpGroupOptions): Promise<DatagramGroup> {
  const { group, interfaceAddress, listenPort, onError } = options;
  // Several members of one machine share a multicast port.
  const socket = createSocket({ type: 'udp4', reuseAddr: group.kind === 'multicast' });
  const listening = once(socket, 'listening');
  if (group.kind === 'multicast') socket.bind({ port: group.port, address: group.address, exclusive: true });
  else socket.bind({ port: listenPort, address: interfaceAddress, exclusive: true });
  await listening;
  socket.on('error', onError);
  if (group.kind === 'multicast') joinMulticast(socket, group.address, interfaceAddress);
  const targets = group.kind === 'multicast' ? [{ host: group.address, port: group.port }] : group.members;
  let closed = false;
  return {
    send: (bytes) => {
      if (closed) return;
      for (const { host, port } of targets)
        socket.send(bytes, port, host, (error) => {
          if (error !== null) onError(error);
        });
    },
    listen: (hear) => void socket.on('message', hear),
    close: () => {
      closed = true;
      socket.close();
    },
  };
}

function joinMulticast(socket: Socket, address: string, interfaceAddress: string): void {
  socket.addMembership(address, interfaceAddress);
  socket.setMulticastInterface(interfaceAddress);
  socket.setMulticastLoopback(true);
  // Beats stay in the local network.
  socket.setMulticastTTL(1);
}
