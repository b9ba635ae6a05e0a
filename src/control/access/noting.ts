import type { TealError } from '../../errors.ts';
import { errorCodes } from '../../errors.ts';
import { concerned } from './authorize.ts';
import type { Caller } from './caller.ts';
import type { Asking, Guarding } from './asking.ts';
import { withoutTokens } from './secret-text.ts';
import { changeOf } from './standing.ts';

interface Noting {
  readonly asking: Asking;
  readonly caller: Caller | null;
}

type Tell = (change: { readonly before: unknown; readonly after: unknown }) => void;

/** Has it answered, and writes down who asked for what, and what is different. The answer waits for that. */
export async function noted(
  answer: (tell: Tell) => Response | Promise<Response>,
  noting: Noting,
  guarding: Guarding,
): Promise<Response> {
  const { needed } = noting.asking;
  // All of them, where it is about every app.
  const apps = needed.about === 'all' ? null : concerned(needed, guarding.together);
  const before = guarding.standing(apps);
  let told: Parameters<Tell>[0] | null = null;
  const response = await answer((change) => (told = change));
  const change = told ?? changeOf(before, guarding.standing(apps));
  const code = await codeOf(response);
  await write(noting, { status: response.status, code, ...change }, guarding);
  return response;
}

/** Of what would have changed something, and of tokens that are no good; not of everything that strangers try. */
export async function noteRefusal(error: TealError, noting: Noting, guarding: Guarding): Promise<void> {
  const worth = noting.asking.needed.changes || error.code === 'not-signed-in';
  if (!worth || error.code === 'too-many-requests') return;
  const { access } = guarding;
  if (noting.caller === null && access.limits.note(access.now()) > 0) return;
  const { status } = errorCodes[error.code];
  await write(noting, { status, code: error.code, before: null, after: null }, guarding);
}

function write(
  { asking, caller }: Noting,
  outcome: {
    readonly status: number;
    readonly code: string | null;
    readonly before: unknown;
    readonly after: unknown;
  },
  { access }: Guarding,
): Promise<void> {
  const { from, needed, path } = asking;
  return access.audit.add({
    at: access.now(),
    actor: caller?.actor ?? 'nobody',
    role: caller?.role ?? null,
    by: caller?.by ?? null,
    token: caller?.id ?? null,
    address: from.address,
    agent: from.agent === null ? null : withoutTokens(from.agent),
    what: withoutTokens(needed.what),
    path: withoutTokens(path),
    ...outcome,
  });
}

async function codeOf(response: Response): Promise<string | null> {
  if (response.status < 400) return null;
  try {
    const { code } = (await response.clone().json()) as { code?: unknown };
    return typeof code === 'string' ? code : null;
  } catch {
    return null;
  }
}
