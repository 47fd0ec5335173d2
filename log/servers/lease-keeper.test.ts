import type { ServerLease } from '#schemas/events/event.js';
import type { Offset, ServerId } from '#schemas/kernel/brand.js';
import { Leases } from '../transactions/leases.js';
import { LeaseKeeper } from './lease-keeper.js';

const OWN = 1 as ServerId;
const OTHER = 2 as ServerId;

/** A log that both servers write, and a clock that is turned by hand. */
function setup() {
  const leases = new Leases();
  const said: ServerLease[] = [];
  let turn: () => void = () => undefined;
  let away = false;
  const taken = (server: ServerId, epoch: number): void => {
    leases.take({ kind: 'lease', action: 'taken', server, epoch, holder: '', timestamp: 1 }, epoch as Offset);
  };
  taken(OWN, 1);
  taken(OTHER, 1);
  const keeper = new LeaseKeeper({
    server: OWN,
    epoch: 1,
    holder: 'own',
    leaseMs: 800,
    leases,
    clock: {
      nowMicros: () => 5n,
      monotonicMs: () => 0,
      after: (_ms, run) => {
        turn = run;
        return () => {
          turn = () => undefined;
        };
      },
    },
    append: (lease) => {
      if (away) return Promise.reject(new Error('away'));
      said.push(lease);
      leases.take(lease, 9 as Offset);
      keeper.heard(OWN);
      return Promise.resolve();
    },
  });
  keeper.start();
  const look = async (times: number, between: () => void = () => undefined): Promise<void> => {
    for (let i = 0; i < times; i++) {
      between();
      turn();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const actions = (): string[] => said.map(({ action, server, epoch }) => `${action} ${server}/${epoch}`);
  const setAway = (isAway: boolean): void => {
    away = isAway;
  };
  return { keeper, look, actions, taken, setAway };
}

describe('LeaseKeeper', () => {
  it('renews the lease of a server that writes nothing', async () => {
    const { keeper, look, actions } = setup();
    await look(6, () => keeper.heard(OTHER));
    expect(actions()).toEqual(['renewed 1/1', 'renewed 1/1', 'renewed 1/1']);
  });

  it('renews nothing while the server commits', async () => {
    const { keeper, look, actions } = setup();
    await look(6, () => {
      keeper.heard(OWN);
      keeper.heard(OTHER);
    });
    expect(actions()).toEqual([]);
  });

  it('ends the lease of a server that is silent, once', async () => {
    const { keeper, look, actions } = setup();
    await look(8, () => keeper.heard(OWN));
    expect(actions()).toEqual([]);
    await look(8, () => keeper.heard(OWN));
    expect(actions()).toEqual(['fenced 2/1']);
  });

  it('counts anew for a server that has come back', async () => {
    const { keeper, look, actions, taken } = setup();
    await look(9, () => keeper.heard(OWN));
    taken(OTHER, 2);
    keeper.heard(OTHER);
    await look(8, () => keeper.heard(OWN));
    expect(actions()).toEqual(['fenced 2/1']);
  });

  it('ends nobody’s lease for a silence of the log', async () => {
    const { keeper, look, actions, setAway } = setup();
    setAway(true);
    await look(40);
    setAway(false);
    await look(4, () => keeper.heard(OTHER));
    expect(actions()).toEqual(['renewed 1/1', 'renewed 1/1']);
  });

  it('gives its own lease back', async () => {
    const { keeper, look, actions } = setup();
    await keeper.release();
    await look(3);
    expect(actions()).toEqual(['released 1/1']);
  });
});
