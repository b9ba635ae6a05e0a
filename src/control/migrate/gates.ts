import { connect, type Connection } from '../../database/run/connection.ts';
import { sayBlocker, type Blocker } from '../../database/run/blockers.ts';
import { stopIf, pause } from '../../database/run/wait.ts';
import { other } from '../../release/state.ts';
import { onlyOne, runningIn } from './sent.ts';
import type { Work } from './work.ts';

/** A pool closes its idle sessions within minutes; who looks every two seconds is no burden to anybody. */
const everyMs = 2000;

/**
 * Waits until nothing of the old version is left that contract could harm: its sessions, told by their role. Nobody is ended by force.
 * @throws TealError `migration-interrupted`; the error of a connection that was lost
 */
export async function waitForSessions(work: Work, url: string): Promise<void> {
  const { deps, app, effect, signal, telling } = work;
  const { roles } = effect.policy;
  if (roles === null || roles.blue === roles.green) {
    telling.hear({
      type: 'notice',
      text: `Sessions of the old version are not waited for: database.roles gives each environment of ${app} a role of its own`,
    });
    return;
  }
  const connection = await connect(url, 'teal db (waiting for sessions)');
  try {
    for (;;) {
      // Another version may have come in the meantime, which lives with the new schema too: who is live need not go.
      const { live } = deps.apps.state(app);
      if (live === null) return;
      const role = roles[other(live)];
      const left = await sessionsOf(connection, role);
      const [first] = left;
      if (first === undefined) return;
      const others = left.length === 1 ? '' : `, and ${left.length - 1} more`;
      telling.at(
        'for the sessions of the old version to end',
        `${role} is still connected: ${sayBlocker(first)}${others}`,
      );
      await pause(everyMs, signal);
    }
  } finally {
    await connection.close();
  }
}

function sessionsOf(connection: Connection, role: string): Promise<readonly Blocker[]> {
  return connection.query<Blocker>(
    `SELECT pid, usename::text AS user, nullif(application_name, '') AS application, state,
       extract(epoch FROM clock_timestamp() - backend_start)::float8 AS seconds, NULL AS query
     FROM pg_stat_activity WHERE datname = current_database() AND usename = $1 AND pid <> pg_backend_pid() ORDER BY backend_start`,
    [role],
  );
}

/**
 * Without roles nothing tells the statements of two versions apart, so what the new one sends is watched for a while once it is alone.
 * @throws TealError `migration-interrupted`, `database-unavailable`
 */
export async function watchAlone({ deps, app, effect, signal, telling }: Work): Promise<void> {
  const { roles, proof } = effect.policy;
  if (proof === null || (roles !== null && roles.blue !== roles.green)) return;
  for (;;) {
    stopIf(signal);
    const seen = await deps.statements.look(app);
    const version = onlyOne(runningIn(deps.apps.state(app)));
    if (typeof seen === 'string' || version === null) return;
    const left = deps.statements.aloneMs - (await deps.statements.alone(app, version));
    if (left <= 0) return;
    telling.at(
      `to see what ${version} sends`,
      `without database.roles it is watched for ${Math.ceil(left / 1000)} s more`,
    );
    await pause(Math.min(left, everyMs), signal);
  }
}
