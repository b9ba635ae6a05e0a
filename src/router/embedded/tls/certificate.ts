import type { KeyObject } from 'node:crypto';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { CertificateFiles, TlsConfig } from '../../../config/router.ts';
import { TealError } from '../../../errors.ts';
import { dnsNames } from './names.ts';

/** A certificate that can be shown, with its chain, and its private key: both PEM. The key leaves the process only by IPC. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** What may be told about a pair. */
export interface CertificateFacts {
  readonly names: readonly string[];
  /** Milliseconds since the epoch. */
  readonly validFrom: number;
  readonly validUntil: number;
}

/**
 * Reads a pair and makes sure that it works. One that has expired works: its clients are warned, the others not even served.
 * @throws TealError `certificate-invalid`
 */
export async function readPair(
  files: CertificateFiles,
): Promise<Pair & { readonly facts: CertificateFacts }> {
  const certificate = await readPem(files.certificate);
  const key = await readPem(files.key);
  const leaf = parseCertificate(certificate, files.certificate);
  const parsed = parseKey(key, files.key);
  if (!leaf.checkPrivateKey(parsed)) {
    throw invalid(`${files.key} is not the key of the certificate in ${files.certificate}`, {
      remedy:
        'Name the two that were made together; in the file of the certificate, the one for the host comes first.',
      file: files.key,
    });
  }
  try {
    createSecureContext({ cert: certificate, key });
  } catch (cause) {
    throw invalid(`${files.certificate} cannot be used: ${reason(cause)}`, {
      remedy: 'Get a new certificate with a key of today’s size.',
      file: files.certificate,
    });
  }
  return {
    certificate,
    key,
    facts: {
      names: dnsNames(leaf.subjectAltName),
      validFrom: Date.parse(leaf.validFrom),
      validUntil: Date.parse(leaf.validTo),
    },
  };
}

/** Reads the authorities whose client certificates are believed. @throws TealError `certificate-invalid` */
export async function readAuthorities(file: string): Promise<string> {
  const text = await readPem(file);
  parseCertificate(text, file);
  try {
    createSecureContext({ ca: text });
  } catch (cause) {
    throw invalid(`${file} cannot be used: ${reason(cause)}`, { remedy: 'Check its certificates.', file });
  }
  return text;
}

/** Makes sure that a router could start with these. @throws TealError `certificate-invalid` */
export async function readCertificates({
  certificates,
  clientCertificates,
}: Pick<TlsConfig, 'certificates' | 'clientCertificates'>): Promise<void> {
  for (const files of certificates) await readPair(files);
  if (clientCertificates !== null) await readAuthorities(clientCertificates.ca);
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const missing = code === 'ENOENT';
    throw invalid(missing ? `${file} does not exist` : `${file} cannot be read: ${code ?? reason(error)}`, {
      remedy: missing
        ? 'Put it there, or correct router.tls in teal.yaml.'
        : 'Let the user that runs Teal read it.',
      file,
    });
  }
}

function parseCertificate(text: string, file: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw invalid(`${file} holds no certificate: ${reason(cause)}`, {
      remedy: 'It has to be PEM: -----BEGIN CERTIFICATE-----.',
      file,
    });
  }
}

function parseKey(text: string, file: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    const locked = (cause as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE';
    throw invalid(locked ? `${file} has a passphrase` : `${file} holds no private key`, {
      remedy: locked
        ? 'Remove it (openssl pkey -in … -out …), and let only the user that runs Teal read the file.'
        : 'It has to be PEM: -----BEGIN PRIVATE KEY-----.',
      file,
    });
  }
}

function invalid(message: string, { remedy, file }: { remedy: string; file: string }): TealError {
  // No cause: OpenSSL's errors may quote what they could not read.
  return new TealError('certificate-invalid', message, { remedy, details: { file } });
}

function reason(error: unknown): string {
  const { reason: short, code, message } = error as Error & { reason?: string; code?: string };
  return short ?? code ?? message;
}
