import type { Cohort } from '../tally.ts';

/**
 * Why a request went where it went (invariant 5), as the access log tells it. `live`: by host and path, to what is
 * live. `admitted`, `everyone`, `audience`, `percent`: by what a release exposes. `pinned`: a file of a page that came from the version that
 * was live before, and is warm. `expired`: to live, whoever the release chose, since nothing was heard from the control plane for too long. `preview-path`, `preview-header`, `preview-cookie`: by the token that came there. `group`,
 * `group-candidate`: asked for by an app of its group, to what goes with that; the second not to what is live. `flags`: for the app's feature flags, answered by the router. `maintenance`: no token, and
 * the app answers nobody. `no-app`: no host and path are like that. `unreadable`: refused before anything was asked.
 */
export type Rule =
  | 'live'
  | 'admitted'
  | 'everyone'
  | 'audience'
  | 'percent'
  | 'expired'
  | 'pinned'
  | 'group'
  | 'group-candidate'
  | 'flags'
  | 'preview-path'
  | 'preview-header'
  | 'preview-cookie'
  | 'maintenance'
  | 'no-app'
  | 'no-table'
  | 'unreadable';

/** By a token, whatever is live. */
export function isPreview(rule: Rule): boolean {
  return rule.startsWith('preview');
}

/** Whose requests those are that go somewhere by this rule. */
export function cohortOf(rule: Rule): Cohort {
  switch (rule) {
    case 'admitted':
    case 'everyone':
    case 'audience':
    case 'percent':
    case 'group-candidate':
      return 'candidate';
    case 'pinned':
      return 'pinned';
    default:
      return isPreview(rule) ? 'preview' : 'live';
  }
}
