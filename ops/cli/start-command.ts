import type { Configuration } from '../config/configuration.js';
import { openLogger } from '../processes/logger.js';
import { Supervisor } from '../processes/supervisor.js';

/**
 * `polylog start`: runs until it is told to stop, by SIGTERM or SIGINT at any time, also while it starts. Prints the URL on standard output
 * when clients may connect, and nothing else there; the log goes to standard error.
 */
export async function startNode(configuration: Configuration): Promise<void> {
  const password = process.env['POLYLOG_PASSWORD'] ?? '';
  // Nobody else has use for it, and crash reports show the environment.
  delete process.env['POLYLOG_PASSWORD'];
  const supervisor = new Supervisor(configuration, password, openLogger('supervisor', configuration.logLevel));
  let stopping = false;
  const stop = (): void => {
    stopping = true;
    void supervisor.stop();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // From a terminal that goes away it means the end; from an operator, that dialects are to be loaded anew.
  process.on('SIGHUP', () => (process.stdout.isTTY ? stop() : supervisor.reload()));
  try {
    await supervisor.start();
    const hint = supervisor.isPasswordKnown
      ? ''
      : '  The superuser has another password than this data folder knows: connect with it, or give it in POLYLOG_PASSWORD.\n';
    process.stdout.write(
      `Polylog is ready.\n  connect:  psql '${supervisor.url}'\n  or:       ${supervisor.mysqlCommand}\n  http:     ${supervisor.httpUrl} (health, metrics, schema registry)\n${hint}`,
    );
  } catch (error) {
    if (!stopping) throw error;
  }
  process.exit(await supervisor.ended);
}
