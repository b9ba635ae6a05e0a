import { connectControl } from './client.ts';
import { renderBlock } from './render/block.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';

/** Drains and stops the router, every instance and the control plane. */
export async function down(this: Context, flags: CommonFlags): Promise<Result> {
  const client = await connectControl(this, flags);
  await client.stop({ everything: true });
  return {
    json: { stopped: true, config: client.config },
    text: (view) =>
      renderBlock({ state: 'ok', label: 'Stopped', value: client.config, rows: [['Next', 'teal up']] }, view),
  };
}
