import { connectControl } from '../client.ts';
import type { CommonFlags, Context } from './context.ts';
import { soleTarget, withAppOrGroup } from './target.ts';

/**
 * The app (or group), and the index of the step that is meant: the one that was named, else where the release is now. An approval
 * names its step, so that what somebody has looked at is what they sign.
 */
export async function gateOf(
  context: Context,
  flags: CommonFlags & { readonly step?: number },
  app: string | undefined,
): Promise<{ readonly app: string; readonly step: number }> {
  const client = await connectControl(context, flags);
  const name = await soleTarget(client, app);
  if (flags.step !== undefined) return { app: name, step: Math.max(0, flags.step - 1) };
  const status = await withAppOrGroup(client, name, {
    app: () => client.app(name),
    group: async (members) => members.find(({ release }) => release?.ended === false) ?? members[0],
  });
  return { app: name, step: status?.release?.step?.index ?? 0 };
}
