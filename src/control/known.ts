import type { App } from '../config/config.ts';
import { didYouMean } from '../config/did-you-mean.ts';
import { TealError } from '../errors.ts';
import type { AppState } from '../release/state.ts';
import type { Deps } from './deps.ts';

export type KnownState = AppState & { readonly config: App };

/** The state of an app that there is. @throws TealError `app-unknown` */
export function known(deps: Pick<Deps, 'apps'>, app: string): KnownState {
  const state = deps.apps.state(app);
  const { config } = state;
  if (config !== null) return { ...state, config };
  const names = deps.apps.names();
  const meant = didYouMean(app, names);
  throw new TealError(
    'app-unknown',
    `There is no app ${app}.${meant === null ? '' : ` Did you mean ${meant}?`}`,
    {
      remedy:
        names.length === 0 ? 'add it to teal.yaml, then: teal apply' : `the apps are: ${names.join(', ')}`,
      details: { app },
    },
  );
}
