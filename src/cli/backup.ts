import path from 'node:path';
import { tableRows } from './render/store.ts';
import { renderBlock } from './render/block.ts';
import type { LocalFlags, Context, Result } from './shell/context.ts';
import { findConfig } from './shell/locate.ts';

export interface StoreFlags extends LocalFlags {
  readonly store?: string;
}

/** Writes a backup of the event log to a file. */
export async function backup(this: Context, flags: StoreFlags, to: string): Promise<Result> {
  const file = path.resolve(this.cwd, to);
  const { backup: write } = await import('../control/backup.ts');
  const { head, digest } = await write({
    file: findConfig(flags.config, this),
    store: flags.store,
    to: file,
  });
  return {
    json: { file, ...head, ...digest },
    text: (view) =>
      renderBlock(
        {
          state: 'ok',
          label: 'Backed up',
          value: file,
          rows: [
            ['From', head.from],
            ...tableRows(digest),
            ['Keep', 'it secret: it holds the keys that cookies are signed with'],
            ['Not in it', 'the files of versions (versions/ in the data folder)'],
          ],
        },
        view,
      ),
  };
}
