/** The ports through which everything below ops touches the world, so that a simulation can hold them all. */

export interface Clock {
  /** Microseconds since 1970-01-01 UTC, never decreasing within a process. */
  nowMicros(): bigint;
  /** Milliseconds from an arbitrary origin, monotonic: for durations and timeouts only. */
  monotonicMs(): number;
  /** Calls `run` after `ms` milliseconds; the returned function cancels it. */
  after(ms: number, run: () => void): () => void;
}

export interface Random {
  /** `length` cryptographically strong random bytes. */
  bytes(length: number): Uint8Array;
}

/** A group of machines that datagrams are sent to, all at once. They may be lost, doubled, late, and from anybody. */
export interface DatagramGroup {
  send(bytes: Uint8Array): void;
  /** Whoever listens hears its own as well, where the network gives them back. */
  listen(hear: (bytes: Uint8Array) => void): void;
  close(): void;
}
