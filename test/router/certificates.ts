/** Certificates made on the spot (RFC 5280, by hand: Node signs, but makes none), in a folder of their own. */
import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { CertificateFiles } from '../../src/config/router.ts';

export interface Issued {
  readonly certificate: string;
  readonly key: string;
  readonly issuer: Issuer;
}

interface Issuer {
  readonly name: Buffer;
  readonly key: KeyObject;
}

export interface Wishes {
  readonly subject?: string;
  readonly names?: readonly string[];
  /** Self-signed when left out. */
  readonly by?: Issued;
  readonly authority?: boolean;
  readonly from?: Date;
  readonly until?: Date;
}

const day = 24 * 3600_000;

export function issue(wishes: Wishes): Issued {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = nameOf(wishes.subject ?? wishes.names?.[0] ?? 'test');
  const issuer = wishes.by?.issuer ?? { name, key: privateKey };
  const until = wishes.until ?? new Date(Date.now() + 90 * day);
  const from = wishes.from ?? new Date(Math.min(Date.now(), until.getTime()) - day);
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaSha256,
    issuer.name,
    sequence(time(from), time(until)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions(wishes))),
  );
  const signature = sign('sha256', body, issuer.key);
  const whole = sequence(body, ecdsaSha256, der(0x03, Buffer.from([0]), signature));
  return {
    certificate: pem(whole),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    issuer: { name, key: privateKey },
  };
}

/** A folder of certificate files, removed at the end. */
export class CertificateFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(folder: string) {
    this.path = folder;
  }

  static async make(): Promise<CertificateFolder> {
    return new CertificateFolder(await mkdtemp(path.join(os.tmpdir(), 'teal-certificates-')));
  }

  file(name: string): string {
    return path.join(this.path, name);
  }

  async put(
    name: string,
    { certificate, key }: Pick<Issued, 'certificate' | 'key'>,
  ): Promise<CertificateFiles> {
    const files = { certificate: this.file(`${name}.pem`), key: this.file(`${name}.key`) };
    await writeFile(files.certificate, certificate);
    await writeFile(files.key, key, { mode: 0o600 });
    return files;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

function extensions({ names = [], authority = false }: Wishes): Buffer[] {
  const all: Buffer[] = [];
  if (names.length > 0) {
    const list = names.map((name) => der(0x82, Buffer.from(name)));
    all.push(sequence(oid('551d11'), octets(sequence(...list))));
  }
  if (authority) all.push(sequence(oid('551d13'), boolean, octets(sequence(boolean))));
  // Never an empty list.
  if (all.length === 0) all.push(sequence(oid('551d13'), octets(sequence())));
  return all;
}

const boolean = der(0x01, Buffer.from([0xff]));
const ecdsaSha256 = sequence(oid('2a8648ce3d040302'));

/** One common name, and an organisation so that there are two parts. */
function nameOf(common: string): Buffer {
  const part = (id: string, value: string): Buffer =>
    der(0x31, sequence(oid(id), der(0x0c, Buffer.from(value))));
  return sequence(part('55040a', 'Teal Test'), part('550403', common));
}

function time(at: Date): Buffer {
  const digits = at.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(0x18, Buffer.from(digits));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function integer(value: Buffer): Buffer {
  return der(0x02, value);
}

function octets(value: Buffer): Buffer {
  return der(0x04, value);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function pem(content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
