/** Fetches the drivers for Java that tests use from Maven Central into .cache/, once a version, and prints the folder of one: `pgjdbc`, `connector-j`. */
import { ensureMavenFolder } from './maven-folder.mjs';
import { runAsProgram } from './project.mjs';

/** What a driver's pom.xml below test/harness/ is in. */
const POMS = { pgjdbc: 'jdbc-dist', 'connector-j': 'connector-j-dist' };

/** After this the driver is there; returns the folder of its jar. */
export async function ensureJdbcDriver(name) {
  return ensureMavenFolder({
    name,
    pom: POMS[name],
    goal: ['dependency:copy-dependencies', '-DincludeScope=runtime', '-DexcludeTransitive=true'],
    packages: ['maven', 'openjdk-17-jdk-headless'],
    purpose: 'the driver for Java in tests',
  });
}

runAsProgram(import.meta.url, async ([name]) => {
  console.log(await ensureJdbcDriver(name));
});
