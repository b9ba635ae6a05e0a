import path from 'node:path';
import type { StoreFlags } from './backup.ts';
import { tableRows } from './render/store.ts';
import { renderBlock } from './render/block.ts';
import type { Context, Result } from './shell/context.ts';
import { findConfig } from './shell/locate.ts';

export interface RestoreFlags extends StoreFlags {
  readonly replace?: boolean;
}

/** Makes the event log that of a backup. */
export async function restore(this: Context, flags: RestoreFlags, from: string): Promise<Result> {
  const { restore: put } = await import('../control/backup.ts');
  const restored = await put({
    file: findConfig(flags.config, this),
    store: flags.store,
    from: path.resolve(this.cwd, from),
    replace: flags.replace === true,
  });
  const { head, digest, where } = restored;
  return {
    json: { store: where, ...head, ...digest },
    text: (view) =>
      renderBlock(
        {
          state: 'ok',
          label: 'Restored',
          value: where,
          rows: [
            ['Taken', `${new Date(head.at).toISOString()} from ${head.from}`],
            ...tableRows(digest),
            ['Next', 'teal up'],
          ],
        },
        view,
      ),
  };
}
