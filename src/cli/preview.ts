import { connectControl } from './client.ts';
import { renderBlock } from './render/block.ts';
import { inColour } from './render/status.ts';
import { duration } from './render/units.ts';
import { soleApp } from './shell/app.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';

/** Prints a signed link to the environment that is not live yet. */
export async function preview(this: Context, flags: CommonFlags, app?: string): Promise<Result> {
  const client = await connectControl(this, flags);
  const name = await soleApp(client, app);
  const link = await client.preview(name);
  const { next } = await client.app(name);
  return {
    json: link,
    text: (view) =>
      renderBlock(
        {
          state: 'ok',
          label: 'Preview',
          value: `${link.app}  ${inColour(view, link.colour)}  ${link.version}`,
          rows: [
            ['Link', link.url],
            ['Header', `${link.header.name}: ${link.header.value}`],
            ['Expires', `in ${duration(link.expiresAt - view.now)}`],
            ['Next', next],
          ],
        },
        view,
      ),
  };
}
