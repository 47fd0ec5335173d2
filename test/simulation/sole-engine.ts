import { EngineProcess } from './engine-process.js';
import { EngineSession } from './engine-session.js';
import type { StartEngine } from './running-engine.js';
import { digestOfStore } from './store-digest.js';

/** The engine as nodes run it: it takes a partition for its own, and orders its writers by row locks. */
export const startSoleEngine: StartEngine = async (surroundings) => {
  const engine = await EngineProcess.start(surroundings);
  const { manager, store, checkpointer } = engine;
  return {
    serve: (around) => new EngineSession({ ...around, engine }).run(),
    flush: () => checkpointer.flush(),
    get reached() {
      return manager.durable;
    },
    digest: () => digestOfStore(store, manager.latest()),
  };
};
