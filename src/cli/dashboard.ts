import { connectControl } from './client.ts';
import { renderBlock } from './render/block.ts';
import { duration } from './render/units.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';

/** Prints a link that lets one browser in, once, as whoever asks. */
export async function dashboard(this: Context, flags: CommonFlags): Promise<Result> {
  const client = await connectControl(this, flags);
  const link = await client.dashboardLink();
  return {
    json: link,
    text: (view) =>
      renderBlock(
        {
          state: 'ok',
          label: 'Dashboard',
          value: link.url,
          rows: [['Good', `once, for ${duration(link.expiresAt - view.now)}`]],
        },
        view,
      ),
  };
}
