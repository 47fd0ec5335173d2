/** Fetches pgjdbc from Maven Central into .cache/, once a version, and prints the folder of its jar. */
import { ensureMavenFolder } from './maven-folder.mjs';
import { runAsProgram } from './project.mjs';

/** After this the driver is there; returns the folder of its jar. */
export async function ensureJdbcDriver() {
  return ensureMavenFolder({
    name: 'pgjdbc',
    pom: 'jdbc-dist',
    goal: ['dependency:copy-dependencies', '-DincludeScope=runtime', '-DexcludeTransitive=true'],
    packages: ['maven', 'openjdk-17-jdk-headless'],
    purpose: 'the driver for Java in tests',
  });
}

runAsProgram(import.meta.url, async () => {
  console.log(await ensureJdbcDriver());
});
