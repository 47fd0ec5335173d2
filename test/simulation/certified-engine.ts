import { CertifiedProcess } from './certified-process.js';
import { CertifiedSession } from './certified-session.js';
import type { StartEngine } from './running-engine.js';

/** An engine that shares its partition with others. */
export const startCertifiedEngine: StartEngine = async (surroundings) => {
  const engine = await CertifiedProcess.start(surroundings);
  return {
    serve: (around) => new CertifiedSession(around, engine).run(),
    flush: null,
    get reached() {
      return engine.reached;
    },
    digest: () => engine.digest(),
  };
};
