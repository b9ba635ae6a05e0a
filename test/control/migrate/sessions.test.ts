import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  left,
  oldByAge,
  oldByRole,
  openSessions,
  unseen,
  type Open,
} from '../../../src/control/migrate/sessions.ts';
import { connect } from '../../../src/database/prove/session.ts';
import type { AppState, Environment } from '../../../src/release/state.ts';
import { onServers } from '../../database/server.ts';
import { build, stored } from '../../release/story.ts';

const roles = { blue: 'b', green: 'g' };
const now = 1_000_000;

/** Begun so many seconds ago; null: nobody has noted when. */
function there(version: string, seconds: number | null): Environment {
  const placed = { ...build(version, stored()), size: 'full', phase: 'running' } as const;
  return seconds === null ? placed : { ...placed, since: now - seconds * 1000 };
}

const state = (
  blue: Environment | null,
  green: Environment | null,
): Pick<AppState, 'environments' | 'live'> => ({
  environments: { blue, green },
  live: 'green',
});

const session = (user: string, seconds: number | null): Open => ({
  pid: 1,
  user,
  application: null,
  state: null,
  seconds,
  query: null,
});

const open = [session('b', 300), session('b', 5), session('g', 300), session('g', 5), session('x', 300)];

const told = (olds: Parameters<typeof left>[1]): readonly string[] =>
  left(open, olds).map(({ user, seconds }) => `${user} ${seconds}`);

test('of an empty environment every session is old, and of another one those from before what is there', () => {
  assert.deepEqual(told(oldByRole(state(null, there('v2', 100)), roles, now)), ['b 300', 'b 5', 'g 300']);
  assert.deepEqual(told(oldByRole(state(there('v3', 20), there('v2', 900)), roles, now)), ['b 300']);
});

test('clocks may differ: what was begun seconds before the new version did is taken for its own', () => {
  assert.deepEqual(told(oldByRole(state(there('v3', 1), there('v2', 299)), roles, now)), ['b 300']);
});

test('where nobody has noted since when a version runs, the live one is let be', () => {
  assert.deepEqual(told(oldByRole(state(there('v3', null), there('v2', null)), roles, now)), [
    'b 300',
    'b 5',
  ]);
});

test('of a session whose age may not be seen only the role tells', () => {
  const hidden = [session('b', null), session('g', null)];
  const olds = oldByRole(state(null, there('v2', 100)), roles, now);
  const users = (sessions: readonly Open[]): readonly unknown[] => sessions.map(({ user }) => user);
  assert.deepEqual(users(left(hidden, olds)), ['b']);
  const filled = oldByRole(state(there('v3', 20), there('v2', 100)), roles, now);
  assert.deepEqual(
    [users(left(hidden, filled)), users(unseen([...open, ...hidden], filled))],
    [[], ['b', 'g']],
  );
});

test('without roles whatever was begun before all that runs may be old, whoever has begun it', () => {
  assert.deepEqual(told(oldByAge(state(null, there('v2', 100)), now) ?? []), ['b 300', 'g 300', 'x 300']);
  assert.deepEqual(told(oldByAge(state(there('v3', 1), there('v2', 400)), now) ?? []), []);
  assert.equal(oldByAge(state(there('v3', null), there('v2', 100)), now), null);
});

onServers(
  'sessions of a database come with who and since when, the oldest first, without Teal’s own',
  async ({ url, connect: client }) => {
    const first = await client();
    await first.query("SET application_name = 'cron'");
    await client();
    const own = await connect({ url });
    const sessions = await openSessions(own);
    await own.close();
    assert.deepEqual(
      sessions.map(({ application, user }) => [application, user]),
      [
        ['cron', 'postgres'],
        [null, 'postgres'],
      ],
    );
    const ages = sessions.map(({ seconds }) => seconds ?? -1);
    assert.ok(ages.every((age) => age >= 0 && age < 60));
    assert.deepEqual(
      ages,
      ages.toSorted((one, other) => other - one),
    );
  },
);
