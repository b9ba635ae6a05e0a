import * as v from 'valibot';
import { boardView, overviewView, releaseRow, trafficView } from '../answers/board.ts';
import { list } from '../answers/exactly.ts';
import type { Route } from '../route.ts';
import { none, ofApp, whole } from './parts.ts';

const looking = { tag: 'look', role: 'viewer', method: 'GET' } as const;

/** What pages for people show: more at once than a program asks for. */
export const board = {
  overview: {
    ...looking,
    about: 'own',
    path: '/v1/overview',
    says: 'Every app in a line, with its traffic; those that need somebody first.',
    params: none,
    query: none,
    answer: { kind: 'json', schema: overviewView },
    errors: [],
  },
  board: {
    ...looking,
    about: 'app',
    path: '/v1/apps/:app/board',
    says: 'One app with the steps of its release, who is where, what it is judged by, and what who asks may do.',
    params: ofApp,
    query: none,
    answer: { kind: 'json', schema: boardView },
    errors: ['app-unknown'],
  },
  traffic: {
    ...looking,
    about: 'app',
    path: '/v1/apps/:app/traffic',
    says: 'What traffic was like in the last minutes, by environment.',
    params: ofApp,
    query: v.strictObject({ after: whole('Only what is newer than this, in milliseconds since the epoch.') }),
    answer: { kind: 'json', schema: trafficView },
    errors: ['app-unknown'],
  },
  releases: {
    ...looking,
    about: 'app',
    path: '/v1/apps/:app/releases',
    says: 'The releases of an app, newest first: how each ended, and why.',
    params: ofApp,
    query: v.strictObject({
      limit: whole('How many; 50 when left out, never more than 200.'),
      before: whole('Only those before the one with this `seq`.'),
    }),
    answer: { kind: 'json', schema: list(releaseRow) },
    errors: ['app-unknown'],
  },
} as const satisfies Record<string, Route>;
