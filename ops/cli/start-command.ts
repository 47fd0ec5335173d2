import type { Configuration } from '../config/configuration.js';
import { Supervisor } from '../processes/supervisor.js';

/** `polylog start`: runs until it is told to stop. Prints the URL on standard output when clients may connect, and nothing else there. */
export async function startNode(configuration: Configuration): Promise<void> {
  let supervisor: Supervisor | null = null;
  let stopEarly = false;
  const stop = (): void => {
    if (supervisor === null) {
      stopEarly = true;
      return;
    }
    supervisor.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  supervisor = await Supervisor.start(configuration, process.env);
  if (stopEarly) {
    stop();
    return;
  }
  const hint = supervisor.isPasswordKnown
    ? ''
    : '  The superuser has another password than this data folder knows: connect with it, or give it in POLYLOG_PASSWORD.\n';
  process.stdout.write(
    `Polylog is ready.\n  connect:  psql '${supervisor.url}'\n  http:     ${supervisor.httpUrl} (health, metrics, schema registry)\n${hint}`,
  );
  process.exitCode = await supervisor.ended;
}
