import { TealError } from '../errors.ts';
import { connectControl } from './client.ts';
import { renderBlock } from './render/block.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { untilEnded } from './shell/ended.ts';
import { placeOf } from './shell/place.ts';

/** Drains and stops the router, every instance and the control plane; also when only the first two are left. */
export async function down(this: Context, flags: CommonFlags): Promise<Result> {
  const place = placeOf(flags, this);
  const config = place.kind === 'here' ? place.config : place.server.url;
  try {
    const client = await connectControl(this, flags);
    await client.stop({ everything: true });
    // The answer comes before the work: whoever types the next command counts on nothing running any more.
    await untilEnded(client);
    return stopped(config, null);
  } catch (error) {
    const gone = error instanceof TealError && error.code === 'control-unavailable';
    if (!gone || place.kind === 'elsewhere') throw error;
    return await leftBehind(config, error);
  }
}

async function leftBehind(config: string, unavailable: TealError): Promise<Result> {
  const { stopLeftBehind } = await import('../control/left-behind.ts');
  const found = await stopLeftBehind({ file: config });
  if (!found.router && found.instances === 0) throw unavailable;
  const what = [found.router ? 'the router' : '', found.instances > 0 ? `${found.instances} instances` : ''];
  return stopped(config, `${what.filter(Boolean).join(' and ')}, left by a control plane that had ended`);
}

function stopped(config: string, was: string | null): Result {
  return {
    json: { stopped: true, config },
    text: (view) =>
      renderBlock(
        {
          state: 'ok',
          label: 'Stopped',
          value: config,
          rows: [
            ['Was left', was],
            ['Next', 'teal up'],
          ],
        },
        view,
      ),
  };
}
