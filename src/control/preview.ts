import { TealError } from '../errors.ts';
import { firstKey } from '../release/keys.ts';
import { colours, other, type AppState, type Colour } from '../release/state.ts';
import { signPreview } from '../router/preview.ts';
import { known } from './known.ts';
import type { PreviewLink } from './contract.ts';
import type { Deps } from './deps.ts';
import { baseUrl } from './urls.ts';

const previewHeader = 'x-teal-preview';

/** A link to the environment that is not live: signed, and good until it expires. */
export async function previewLink(deps: Deps, app: string): Promise<PreviewLink> {
  const state = known(deps, app);
  const colour = idleColour(state);
  const version = colour === null ? undefined : state.environments[colour]?.version;
  if (colour === null || version === undefined) {
    throw new TealError(
      'wrong-state',
      `The idle environment of ${app} is empty: there is nothing to preview.`,
      {
        remedy: `teal deploy ${app} <version> --promote manual`,
        details: { app },
      },
    );
  }
  const expiresAt = deps.wall() + (state.config?.preview.expiresMs ?? 0);
  return await linkTo(deps, { app, version, colour, expiresAt });
}

export async function linkTo(
  deps: Deps,
  to: { readonly app: string; readonly version: string; readonly colour: Colour; readonly expiresAt: number },
): Promise<PreviewLink> {
  const { app, version, expiresAt } = to;
  const [signing] = deps.keys.all(deps.apps.state(app));
  const token = signPreview({ app, version, expiresAt, key: signing?.id ?? firstKey }, signing?.key ?? '');
  const base = await baseUrl(deps);
  return { ...to, url: `${base}/.teal/preview/${token}/`, header: { name: previewHeader, value: token } };
}

function idleColour(state: AppState): Colour | null {
  const colour =
    state.live === null ? colours.find((each) => state.environments[each] !== null) : other(state.live);
  return colour !== undefined && state.environments[colour]?.phase === 'running' ? colour : null;
}
