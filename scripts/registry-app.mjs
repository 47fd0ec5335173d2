/** Fetches Apicurio Registry from Maven Central into .cache/, once a version, and prints its folder. */
import { ensureMavenFolder } from './maven-folder.mjs';
import { runAsProgram } from './project.mjs';

/** After this the application is there; returns its folder. */
export async function ensureRegistryApp() {
  return ensureMavenFolder({
    name: 'apicurio',
    pom: 'registry-dist',
    goal: ['dependency:unpack'],
    packages: ['maven'],
    purpose: 'an external schema registry in tests',
  });
}

runAsProgram(import.meta.url, async () => {
  console.log(await ensureRegistryApp());
});
