import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** A key and a certificate of its own for localhost, as PEM files in `folder`. */
export function makeCertificate(folder: string): { readonly key: string; readonly cert: string } {
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  const form = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  execFileSync('openssl', ['req', ...form, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  return { key, cert };
}
