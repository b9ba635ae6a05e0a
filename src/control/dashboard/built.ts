import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from './page.ts';

/** What `npm run dashboard:build` leaves; nothing of it is read before somebody opens a page. */
export interface Built {
  /** A page as HTML. */
  readonly render: (page: Page) => string;
  /** By the name in `/assets/`. */
  readonly asset: (name: string) => Promise<Asset | null>;
}

interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

interface Listing {
  /** Names of all assets. */
  readonly assets: readonly string[];
}

/** Beside the compiled sources in a package, beside the sources in a checkout. */
const folders = ['../../dashboard', '../../../dist/dashboard'].map((to) =>
  path.join(import.meta.dirname, to),
);

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The dashboard as it was built; null when it was not. */
export async function openBuilt(): Promise<Built | null> {
  for (const folder of folders) {
    const listing = await readFile(path.join(folder, 'listing.json'), 'utf8').catch(() => null);
    if (listing !== null) return await openAt(folder, JSON.parse(listing) as Listing);
  }
  return null;
}

async function openAt(folder: string, { assets }: Listing): Promise<Built> {
  const server = pathToFileURL(path.join(folder, 'server', 'render.js')).href;
  const { render } = (await import(server)) as Pick<Built, 'render'>;
  const known = new Map<string, Promise<Asset>>();
  const read = async (name: string): Promise<Asset> => ({
    type: types[path.extname(name)] ?? 'application/octet-stream',
    body: await readFile(path.join(folder, 'assets', name)),
  });
  return {
    render,
    asset: async (name) => {
      // Only what was listed: a name leads nowhere else.
      if (!assets.includes(name)) return null;
      const found = known.get(name) ?? read(name);
      known.set(name, found);
      return await found;
    },
  };
}
