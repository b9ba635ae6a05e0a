import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { issue } from '../../test/router/certificates.ts';

/** Paths of PEM files. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  /** Both in one file. */
  readonly both: string;
}

/** A self-signed one for `localhost`, with a key of P-256: the same for all that are compared. */
export async function makeCertificate(folder: string): Promise<Certificate> {
  const { certificate, key } = issue({ names: ['localhost'] });
  const files = {
    certificate: join(folder, 'certificate.pem'),
    key: join(folder, 'key.pem'),
    both: join(folder, 'both.pem'),
  };
  await writeFile(files.certificate, certificate);
  await writeFile(files.key, key, { mode: 0o600 });
  await writeFile(files.both, certificate + key, { mode: 0o600 });
  return files;
}

/** Whether HTTP/2 is what is agreed on by ALPN when both are offered. */
export function speaksH2(port: number): Promise<boolean> {
  const options = { host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] };
  return new Promise((resolve, reject) => {
    const socket = connect(options, () => {
      resolve(socket.alpnProtocol === 'h2');
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
