/** Errors of an instance that teach: what was seen, and what to do about it. Pure. */
import type { Health } from '../../config/config.ts';
import { TealError } from '../../errors.ts';
import type { Exit, InstanceSpec } from './folder.ts';
import type { Address, Probe } from './probe.ts';
import type { Listening } from './sockets.ts';

/** What is known of an instance that did not come up. */
export interface Evidence {
  readonly spec: InstanceSpec;
  readonly stderrLog: string;
  /** The last lines of stderr, or of stdout when that says nothing. */
  readonly lastLines: readonly string[];
}

export interface HealthEvidence extends Evidence {
  readonly health: Health;
  readonly address: Address;
  readonly waitedMs: number;
  readonly last: Probe | null;
  readonly listening: readonly Listening[];
}

/** It runs, but its health check never succeeded in time. */
export const healthDeadline = (seen: HealthEvidence): TealError => unwell(seen, 'did not become healthy in');

/** It was healthy, and then was not for as long as a start may take. */
export const healthLost = (seen: HealthEvidence): TealError => unwell(seen, 'has been unhealthy for');

function unwell(seen: HealthEvidence, how: string): TealError {
  const { spec, address, health } = seen;
  const url = `http://${address.host}:${address.port}${health.path}`;
  const message = `${describe(spec)} ${how} ${seconds(seen.waitedMs)}: GET ${url} ${sawLast(seen)}`;
  return new TealError('health-deadline', message + quote(seen), {
    remedy: healthRemedy(seen),
    details: {
      instance: spec.id,
      url,
      waitedMs: seen.waitedMs,
      last: seen.last,
      listening: seen.listening,
      stderr: seen.lastLines,
      log: seen.stderrLog,
    },
  });
}

/** It ended again and again. */
export function crashLoop(seen: Evidence, exit: Exit, times: number): TealError {
  const how = describeExit(exit);
  const message = `${describe(seen.spec)} ended ${times} times in a row, the last time with ${how}`;
  return new TealError('crash-loop', message + quote(seen), {
    remedy: `Read the whole log: ${seen.stderrLog}`,
    details: {
      instance: seen.spec.id,
      code: exit.code,
      signal: exit.signal,
      times,
      stderr: seen.lastLines,
      log: seen.stderrLog,
    },
  });
}

/** The launcher could not set a limit. */
export function limitRefused(spec: InstanceSpec, limit: string): TealError {
  return new TealError(
    'limits-unsupported',
    `${describe(spec)} could not be started: \`${limit}\` was refused`,
    {
      remedy: 'Lower or remove the limit in teal.yaml; `teal doctor` says what this machine can enforce.',
      details: { instance: spec.id, limit },
    },
  );
}

const describe = (spec: InstanceSpec): string => `${spec.app} ${spec.version} (${spec.role})`;

const describeExit = (exit: Pick<Exit, 'code' | 'signal'>): string =>
  exit.signal ?? (exit.code === null ? 'an unknown exit code' : `exit code ${exit.code}`);

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;

function quote(seen: Evidence): string {
  return seen.lastLines.length === 0 ? '' : `. It said:\n  ${seen.lastLines.join('\n  ')}`;
}

function sawLast(seen: HealthEvidence): string {
  const { last, health } = seen;
  switch (last?.kind) {
    case 'status': {
      const redirect = last.location === null ? '' : `, a redirect to ${last.location}`;
      const body = last.body === '' ? '' : `, body "${last.body}"`;
      return `answered ${last.status}${redirect}${body} (wanted ${wanted(health)})`;
    }
    case 'timeout':
      return `was accepted, but not answered within ${health.timeoutMs} ms`;
    case 'broken':
      return `broke off: ${last.why}`;
    case 'refused':
    case 'ok':
    case undefined:
      return `was refused: ${elsewhere(seen)}`;
  }
}

/** Where it listens instead. */
function elsewhere(seen: HealthEvidence): string {
  const { port } = seen.address;
  if (seen.listening.length === 0) return 'it listens on no port';
  const where = seen.listening.map(({ host, port: other }) => `${host}:${other}`).join(' and ');
  const right = seen.listening.some((listening) => listening.port === port);
  return right
    ? `it listens on ${where} only, not on ${seen.address.host}`
    : `it listens on ${where}, not on PORT=${port}`;
}

const wanted = (health: Health): string =>
  health.status.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');

function healthRemedy(seen: HealthEvidence): string {
  const { last } = seen;
  if (last?.kind === 'status' && last.location !== null)
    return 'Answer the health path without a redirect (redirects are not followed), or add the status to health.status.';
  if (last?.kind === 'status')
    return 'Correct health.path or health.status in teal.yaml, or make the app answer there.';
  if (last?.kind === 'timeout') return 'Make the health path answer sooner, or raise health.timeout.';
  if (last?.kind === 'broken') return `Let the app speak HTTP/1.1 on PORT. Its log: ${seen.stderrLog}`;
  if (seen.listening.length > 0)
    return `Let the app listen on the port in the environment variable PORT, on ${seen.address.host} or all addresses.`;
  return `Let the app listen on the port in the environment variable PORT; if it only needs longer, raise health.deadline. Its log: ${seen.stderrLog}`;
}
