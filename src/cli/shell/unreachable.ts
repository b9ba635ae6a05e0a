import { errorCodes, TealError } from '../../errors.ts';
import { BadResponse } from '../../load/response.ts';
import { ConnectionLost } from './http.ts';
import type { Server } from './server.ts';

/** What was asked: the Teal of a teal.yaml by its socket, or one elsewhere. */
export interface Asked {
  /** The teal.yaml, or the address. */
  readonly name: string;
  readonly to: string | Server;
  /** How long an answer was waited for. */
  readonly patienceMs: number;
}

/** What came of a request that had no answer, as an error for people; a bug of ours unchanged. */
export function explainFailure(error: unknown, asked: Asked): unknown {
  if (error instanceof TealError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if ((error as Error).name === 'TimeoutError') return silent(asked);
  const found = typeof asked.to === 'string' ? near(code, asked.name, asked.to) : far(code, error, asked.to);
  if (found !== null) return found;
  const cut = error instanceof ConnectionLost || error instanceof SyntaxError || error instanceof BadResponse;
  return cut || code ? broken(asked.name, error) : error;
}

function near(code: string | undefined, config: string, socket: string): TealError | null {
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') return notRunning(config);
  return code === 'EACCES' || code === 'EPERM' ? forbidden(socket) : null;
}

/** How Node calls certificates that it does not believe (OpenSSL's names). */
const untrusted =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_CERT_ALTNAME)/;

function far(code: string | undefined, cause: unknown, { url, ca }: Server): TealError | null {
  if (code === undefined) return null;
  const why = (cause as Error).message;
  if (untrusted.test(code))
    return new TealError('control-unavailable', `The certificate of ${url} is not believed: ${why}`, {
      remedy:
        ca === null
          ? 'Name the authority that issued it: teal context add <name> <url> --ca <file>, or TEAL_CA.'
          : `Is ${ca} the authority that issued it, and is this the name it was issued for?`,
      details: { url, code },
      cause,
    });
  if (/^(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/.test(code))
    return new TealError('control-unavailable', `Nobody answers at ${url} (${code})`, {
      remedy: 'Is the address right, and does Teal listen there (control.listen)? See: teal context list',
      details: { url, code },
      cause,
    });
  return null;
}

export function notRunning(config: string): TealError {
  return new TealError('control-unavailable', `Teal is not running for ${config}`, {
    remedy: 'Start it with: teal up',
    details: { config },
  });
}

/**
 * What a proxy in front says when the control plane behind it is away (RFC 9110 §15.6.3 to §15.6.5); null for any other
 * answer. Our own errors with these numbers are told by their codes.
 * @param value the body, as far as it was JSON
 */
export function notAnswered(status: number, value: unknown, name: string): TealError | null {
  if (status < 502 || status > 504 || isOurs(value)) return null;
  return new TealError('control-unavailable', `What is in front of ${name} answered ${status} in its place`, {
    remedy: 'Does Teal run behind it? See what it logged where teal up runs.',
    details: { config: name, status },
  });
}

function isOurs(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { code, error } = value as { readonly code?: unknown; readonly error?: unknown };
  return typeof code === 'string' ? Object.hasOwn(errorCodes, code) : isOurs(error);
}

function forbidden(socket: string): TealError {
  return new TealError('control-unavailable', `You may not talk to the Teal behind ${socket}`, {
    remedy: 'Run this as the user who started teal up.',
    details: { socket },
  });
}

function silent({ name, patienceMs }: Asked): TealError {
  return new TealError('control-unavailable', `Teal did not answer for ${patienceMs / 1000} s (${name})`, {
    remedy: 'See what it logged where teal up runs; traffic is served without it.',
    details: { config: name },
  });
}

function broken(config: string, cause: unknown): TealError {
  return new TealError('control-unavailable', `Teal stopped answering in the middle of a reply (${config})`, {
    remedy: 'Look whether it still runs: teal status',
    details: { config, why: (cause as Error).message },
    cause,
  });
}
