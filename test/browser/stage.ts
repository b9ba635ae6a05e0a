/** A real Teal with a real shop, people who visit it, and a browser that looks at the dashboard. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';
import type { AppStatus } from '../../src/control/contract.ts';
import type { LinkMade, TokenMade } from '../../src/control/contract-access.ts';
import { letIn, type Crowd } from '../../examples/canary/crowd.ts';
import { makeHome, type Home } from '../../examples/canary/home.ts';
import { makePeople, type Person } from '../../examples/canary/people.ts';
import { buildShop } from '../../examples/shop/build.ts';
import { Screen } from '../../examples/demo/screen.ts';
import { Teal } from '../../examples/demo/teal.ts';
import { freshDashboard } from '../../scripts/dashboard/build.ts';

/** Where Debian has it; another one by CHROMIUM. */
export const chromiumPath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** @throws Error that says how to get it */
export function needChromium(): void {
  if (existsSync(chromiumPath)) return;
  throw new Error(
    `there is no Chromium at ${chromiumPath}: apt-get install chromium, or say where with CHROMIUM=…`,
  );
}

export interface Stage {
  readonly teal: Teal;
  readonly browser: Browser;
  /** Where the dashboard is. */
  readonly origin: string;
  /** Where teal.yaml is. */
  readonly folder: string;
  /** A browser of somebody who may do everything. */
  admin(options?: Parameters<Browser['newContext']>[0]): Promise<BrowserContext>;
  token(name: string, role: string): Promise<string>;
  status(): Promise<AppStatus>;
  /** Polls the status until it is so. */
  when(what: string, holds: (status: AppStatus) => boolean): Promise<AppStatus>;
  /** Nobody visits the shop any more. */
  hush(): Promise<void>;
  close(): Promise<void>;
}

export interface Company {
  /** Apps beside the shop, of the same kind. */
  readonly others?: readonly string[];
  /** The one of them whose second version does not start. */
  readonly broken?: string;
  /** More keys of each of them in teal.yaml. @param folder where that is */
  readonly settings?: (folder: string) => string;
}

/** @param stepMs how long each exposure lasts */
export async function makeStage(stepMs: number, company: Company = {}): Promise<Stage> {
  const { others = [], broken, settings = () => '' } = company;
  needChromium();
  await freshDashboard();
  const undo = new AsyncDisposableStack();
  try {
    const home = undo.adopt(await makeHome(stepMs), (made) => made.remove());
    await prepare(home.folder, others, settings(home.folder));
    const screen = new Screen(process.stderr);
    const teal = new Teal({
      folder: home.folder,
      screen: quiet(screen),
      signal: new AbortController().signal,
    });
    undo.defer(() => teal.down());
    await teal.up();
    await teal.run('deploy', 'shop', 'v1', '--from', 'builds/v1', '--until', 'ready');
    await teal.run('approve', 'shop', '--wait');
    const [url] = (await teal.ask<AppStatus>('status', 'shop')).urls;
    if (url === undefined) throw new Error('the shop has no URL');
    const crowd = undo.adopt(letIn(url, somePeople(home.provider)), (visiting: Crowd) =>
      visiting.stop().then(() => undefined),
    );
    for (const app of others) await teal.run('deploy', app, 'v1', '--from', 'builds/v1', '--wait');
    if (broken !== undefined) {
      await buildShop('v2', join(home.folder, 'builds/broken'), { broken: 'crash' });
      await teal.fails('deploy', broken, 'v2', '--from', 'builds/broken', '--wait');
    }
    const browser = undo.adopt(await chromium.launch(launchOptions), (open) => open.close());
    const link = (): Promise<LinkMade> => teal.ask<LinkMade>('dashboard');
    const { origin } = new URL((await link()).url);
    const status = (): Promise<AppStatus> => teal.ask<AppStatus>('status', 'shop');
    return {
      teal,
      browser,
      origin,
      folder: home.folder,
      status,
      admin: async (options = {}) => {
        const context = await browser.newContext(options);
        const page = await context.newPage();
        await page.goto((await link()).url);
        await page.waitForURL(`${origin}/`);
        await page.close();
        return context;
      },
      token: async (name, role) =>
        (await teal.ask<TokenMade>('token', 'create', name, '--role', role, '--as', name)).secret,
      when: async (what, holds) => {
        for (const end = Date.now() + 40_000; Date.now() < end;) {
          const found = await status();
          if (holds(found)) return found;
          await new Promise((resolve) => setTimeout(resolve, 150));
        }
        throw new Error(`waited in vain until ${what}`);
      },
      hush: async () => void (await crowd.stop()),
      close: () => undo.disposeAsync(),
    };
  } catch (error) {
    await undo.disposeAsync();
    throw error;
  }
}

/** Browsers reach it, and there are more apps than one. */
async function prepare(folder: string, others: readonly string[], settings: string): Promise<void> {
  const file = join(folder, 'teal.yaml');
  const text = await readFile(file, 'utf8');
  const more = others.map(
    (app) => `  ${app}:
    hosts: [${app}.localhost]
    run: { process: { command: node server.js, instances: 1, environment: { SHOP_DATA: ${JSON.stringify(join(folder, `${app}.sqlite`))} } } }
    health: { path: /healthz, interval: 500ms }
${settings}`,
  );
  const control = 'control: { listen: 127.0.0.1:0 }';
  await writeFile(file, `${text.replace(/^apps:\n/m, `apps:\n${more.join('')}`)}\n${control}\n`);
}

/** Enough of every kind for curves and a judge, and few enough for a browser beside them on two cores. */
const somePeople = (provider: Home['provider']): readonly Person[] =>
  makePeople(provider).filter((_, index) => index % 4 === 0);

export const launchOptions = {
  executablePath: chromiumPath,
  headless: true,
  // Containers have a small /dev/shm, and root has no sandbox.
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
};

/** Tests have their own words. */
function quiet(screen: Screen): Screen {
  screen.command = () => undefined;
  screen.output = () => undefined;
  return screen;
}
