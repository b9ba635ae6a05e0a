import type { CommandBody, LeaseView } from '../../control/contract.ts';
import { TealError } from '../../errors.ts';
import type { Client } from '../client.ts';
import { waitTexts } from '../text.ts';
import type { Context } from './context.ts';

/** A third of the time after which a lease ends: two heartbeats may be lost. */
const beatMs = 5_000;

export interface Preparing {
  /** An app, or a group. */
  readonly of: string;
  readonly body: CommandBody;
}

/** Does what a deploy needs while nobody else makes one of the same apps ready, and is heard of as long as it does. */
export async function underLease<T>(
  context: Context,
  client: Client,
  what: Preparing,
  work: (body: CommandBody) => Promise<T>,
): Promise<T> {
  const lease = await take(context, client, what);
  // Nothing of this name: the command itself says it better.
  if (lease === null) return await work(what.body);
  const beats = setInterval(() => {
    // When it is lost, the command is refused; when nobody answers, it fails.
    client.renewLease(lease.id).catch(() => undefined);
  }, beatMs);
  try {
    return await work({ ...what.body, lease: lease.id });
  } finally {
    clearInterval(beats);
    await client.endLease(lease.id).catch(() => undefined);
  }
}

async function take(context: Context, client: Client, { of, body }: Preparing): Promise<LeaseView | null> {
  const { onConflict = 'refuse', version } = body;
  const asked = { of, ...(version === undefined ? {} : { version }) };
  const waits = onConflict === 'queue' || onConflict === 'wait';
  try {
    return await client.takeLease({ ...asked, onConflict: waits ? 'refuse' : onConflict });
  } catch (error) {
    if (!(error instanceof TealError)) throw error;
    if (error.code === 'app-unknown') return null;
    if (error.code !== 'deploy-leased' || !waits) throw error;
    context.terminal.note(waitTexts.turn(error.message));
    return await client.takeLease({ ...asked, onConflict });
  }
}
