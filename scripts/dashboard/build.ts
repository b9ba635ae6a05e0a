import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const sources = join(root, 'dashboard');
/** Where the control plane looks for it. */
export const dashboardFolder = join(root, 'dist', 'dashboard');

/** Beside the sources, what the build itself is made of. */
const others = ['package-lock.json', 'scripts/dashboard/build.ts'].map((file) => join(root, file));

/** Builds it when it is older than its sources. Several that build at once do so apart, and the last one stays. */
export async function freshDashboard({ force = false }: { readonly force?: boolean } = {}): Promise<{
  readonly built: boolean;
  readonly ms: number;
}> {
  const began = performance.now();
  const before = await stat(join(dashboardFolder, 'listing.json')).catch(() => null);
  const fresh = !force && before !== null && before.mtimeMs > (await newest());
  if (!fresh) await build();
  return { built: !fresh, ms: performance.now() - began };
}

async function newest(): Promise<number> {
  const entries = await readdir(sources, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const times = await Promise.all([...files, ...others].map(async (file) => (await stat(file)).mtimeMs));
  return Math.max(...times);
}

interface ManifestEntry {
  readonly file: string;
  readonly css?: readonly string[];
  readonly assets?: readonly string[];
}

async function build(): Promise<void> {
  // Only who builds waits for the bundler to load.
  const { build: bundle } = await import('vite');
  const to = join(root, 'dist', `dashboard-${process.pid}`);
  const jsx = { jsx: { runtime: 'automatic', importSource: 'preact' } } as const;
  const common = { root: sources, configFile: false, logLevel: 'warn', oxc: jsx, publicDir: false } as const;
  await bundle({
    ...common,
    base: '/',
    build: {
      outDir: to,
      emptyOutDir: true,
      manifest: 'manifest.json',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: join(sources, 'client.tsx') },
      target: 'es2022',
    },
  });
  const manifest = JSON.parse(await readFile(join(to, 'manifest.json'), 'utf8')) as Record<
    string,
    ManifestEntry
  >;
  const entry = manifest['client.tsx'];
  const icon = manifest['icon.svg']?.file ?? entry?.assets?.[0];
  if (entry === undefined || icon === undefined) throw new Error('the build has no entry, or no icon');
  const assets = { script: `/${entry.file}`, style: `/${entry.css?.[0] ?? ''}`, icon: `/${icon}` };
  await bundle({
    ...common,
    define: { ASSETS: JSON.stringify(assets) },
    ssr: { noExternal: true },
    build: {
      outDir: join(to, 'server'),
      emptyOutDir: true,
      ssr: join(sources, 'render.tsx'),
      rolldownOptions: { output: { entryFileNames: 'render.js' } },
      target: 'node24',
    },
  });
  await writeFile(join(to, 'listing.json'), JSON.stringify({ assets: await readdir(join(to, 'assets')) }));
  await mkdir(dirname(dashboardFolder), { recursive: true });
  const old = `${dashboardFolder}-old-${process.pid}`;
  await rename(dashboardFolder, old).catch(() => undefined);
  await rename(to, dashboardFolder).catch(() => rm(to, { recursive: true, force: true }));
  await rm(old, { recursive: true, force: true });
}
