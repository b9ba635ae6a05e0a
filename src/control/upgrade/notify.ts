import { execFile } from 'node:child_process';

/** What a service manager is told: sd_notify(3). */
type Word = 'READY=1' | 'RELOADING=1' | 'STOPPING=1' | `STATUS=${string}`;

/** The process that it calls the service's main one goes on, so it can wait; a message that hangs must not add up. */
const patienceMs = 5000;

/**
 * Tells systemd how far this service is, where it asks for that (`Type=notify`, `NotifyAccess=all`). By its own program,
 * since Node has no datagram sockets of the unix kind; where that is not there nobody is told, and nothing depends on it.
 */
export function notify(...words: readonly Word[]): void {
  const { env } = process;
  if (env['NOTIFY_SOCKET'] === undefined) return;
  // Wanted with RELOADING (CLOCK_MONOTONIC in microseconds), and harmless elsewhere.
  const at = `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`;
  const said = execFile('systemd-notify', [...words, at], { timeout: patienceMs }, () => {});
  said.unref();
}
