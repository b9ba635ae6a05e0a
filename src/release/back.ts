import type { ErrorJson } from '../errors.ts';
import type { Event } from './events.ts';
import type { AppState, Release } from './state.ts';
import { other } from './state.ts';
import { next } from './transitions.ts';
import type { Verdict } from './verdict.ts';

interface Why {
  readonly why: string;
  readonly error: ErrorJson;
  readonly verdict?: Verdict;
}

/**
 * Takes everyone back without anybody being asked: before the switch the release aborts; after it, it rolls back as long as there is
 * somewhere to go. Nothing when it is on its way back already, or has ended.
 */
export function goBack(state: AppState, release: Release, why: Why): readonly Event[] {
  if (next(release.status, 'abort-started')) return [{ type: 'abort-started', ...why }];
  if (next(release.status, 'rollback-started') && state.environments[other(release.colour)] !== null)
    return [{ type: 'rollback-started', ...why }];
  return [];
}
