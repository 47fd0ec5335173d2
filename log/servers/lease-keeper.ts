import type { ServerLease } from '#schemas/events/event.js';
import type { ServerId } from '#schemas/kernel/brand.js';
import type { Clock } from '#schemas/kernel/ports.js';
import type { Leases } from '../transactions/leases.js';

export interface LeaseKeeperOptions {
  readonly server: ServerId;
  readonly epoch: number;
  readonly holder: string;
  /** A server that is not heard of for about so long loses its lease. */
  readonly leaseMs: number;
  readonly clock: Clock;
  /** The terms as this process has met them in the log. */
  readonly leases: Leases;
  /** Resolves when the event stands in the log. */
  append(lease: ServerLease): Promise<unknown>;
}

/** Looks in the time of one lease. */
const LOOKS = 8;

/**
 * Keeps one server's lease in a log that it shares, and ends the leases of others that are silent.
 *
 * Owns how long each server has been silent, counted in looks at which this one had met something of its own: while the log is away, or this process stands still, nobody's silence
 * counts. Whatever a server writes is a sign of it; one that writes nothing renews its lease. A fence that comes too late, or twice, changes nothing (see Leases), and one that hits a living
 * server costs that a start: what it had not committed by then never was.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #silence = new Map<ServerId, number>();
  #met = false;
  #appending = false;
  #cancel: () => void = () => undefined;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, leaseMs } = this.#options;
    this.#cancel = clock.after(leaseMs / LOOKS, () => {
      this.#look();
      this.start();
    });
  }

  /** A record of this server was met in the log. Hot: once a record. */
  heard(server: ServerId): void {
    if (server === this.#options.server) this.#met = true;
    else this.#silence.set(server, 0);
  }

  /** Gives the lease back: others need not wait until it is over. To be called when nothing is committed any more. */
  async release(): Promise<void> {
    this.stop();
    await this.#options.append(this.#event('released', this.#options.server, this.#options.epoch));
  }

  stop(): void {
    this.#cancel();
  }

  #look(): void {
    const { server: own, epoch, leases } = this.#options;
    if (!this.#met) {
      this.#send(this.#event('renewed', own, epoch));
      return;
    }
    this.#met = false;
    for (const [server, term] of leases.live) {
      if (server === own) continue;
      const silence = (this.#silence.get(server) ?? 0) + 1;
      this.#silence.set(server, silence);
      if (silence > LOOKS) this.#send(this.#event('fenced', server, term.epoch));
    }
  }

  /** One at a time: while the log is away they would pile up. */
  #send(lease: ServerLease): void {
    if (this.#appending) return;
    this.#appending = true;
    const done = (): void => {
      this.#appending = false;
    };
    // What could not be said now is said at one of the next looks.
    this.#options.append(lease).then(done, done);
  }

  #event(action: ServerLease['action'], server: ServerId, epoch: number): ServerLease {
    const { holder, clock } = this.#options;
    return { kind: 'lease', action, server, epoch, holder, timestamp: Number(clock.nowMicros()) };
  }
}
