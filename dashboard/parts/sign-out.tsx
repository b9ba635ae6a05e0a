import { send } from '../live/ask.ts';

/** Ends the session of this browser; nothing where there is none. */
export function SignOut({ csrf }: { readonly csrf: string | null }) {
  if (csrf === null) return null;
  const leave = async (): Promise<void> => {
    const { ok } = await send('/v1/logout', {}, csrf);
    if (ok) location.assign('/login');
  };
  return (
    <button class="quiet scripted" onClick={() => void leave()}>
      Sign out
    </button>
  );
}
