/**
 * Writes docs/images: the dashboard as it is before a real Teal that releases a shop to its first people, and before one whose release
 * has its database half way.
 *
 *   npm run screenshots
 *   npm run screenshots -- database
 */
import { mkdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { launchOptions, makeStage, needChromium } from '../test/browser/stage.ts';
import { freshDashboard } from './dashboard/build.ts';
import { halfWay } from './screenshots-database.ts';

const folder = join(import.meta.dirname, '..', 'docs', 'images');
/** Long enough for curves. */
const stepMs = 8000;

const others = ['blog', 'search', 'checkout', 'mail'];

const wide = { viewport: { width: 1440, height: 900 } };
/** Below it there is nothing. */
const upper = { x: 0, y: 0, width: 1440, height: 470 };
const looks = {
  light: { ...wide, colorScheme: 'light' },
  dark: { ...wide, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
} as const;

await mkdir(folder, { recursive: true });
const only = process.argv[2];
if (only !== 'database') await ofShop();
if (only === undefined || only === 'database') await ofDatabase();
console.log(`written to ${folder}`);

async function ofShop(): Promise<void> {
  const stage = await makeStage(stepMs, { others, broken: 'mail' });
  const [base = ''] = (await stage.status()).urls;
  /** Those beside the shop have some visitors, too. */
  const visiting = setInterval(() => {
    for (const [index, app] of others.entries())
      for (let many = 0; many <= index * 2; many++)
        request(new URL('/api/products', base), { headers: { host: `${app}.localhost` } }, (answer) =>
          answer.resume(),
        )
          .on('error', () => undefined)
          .end();
  }, 250);
  try {
    await stage.teal.run('deploy', 'shop', 'v2', '--from', 'builds/v2', '--until', 'ready');
    for (const [name, look] of Object.entries(looks)) {
      const context = await stage.admin(look);
      const page = await context.newPage();
      for (const [what, path] of [
        ['overview', '/'],
        ['app', '/apps/shop'],
      ] as const) {
        await page.goto(`${stage.origin}${path}`);
        await page.locator('html[data-live]').waitFor();
        await page
          .locator(what === 'app' ? '.u-wrap canvas' : 'svg.spark')
          .first()
          .waitFor();
        await page.waitForTimeout(1000);
        const file = join(folder, `${what}-${name}.png`);
        await page.screenshot({
          path: file,
          ...(what === 'overview' && name !== 'phone' ? { clip: upper } : {}),
        });
      }
      await context.close();
    }
  } finally {
    clearInterval(visiting);
    await stage.close();
  }
}

async function ofDatabase(): Promise<void> {
  needChromium();
  await freshDashboard();
  await using stack = new AsyncDisposableStack();
  const browser = stack.adopt(await chromium.launch(launchOptions), (open) => open.close());
  const stage = stack.adopt(await halfWay(browser), (each) => each.close());
  for (const [name, look] of Object.entries(looks)) {
    const context = await stage.admin(look);
    const page = await context.newPage();
    await page.goto(stage.page);
    await page.locator('html[data-live]').waitFor();
    await page.locator('.panel.database progress').waitFor();
    if (name === 'phone') await page.locator('.panel.database').scrollIntoViewIfNeeded();
    await page.waitForTimeout(1000);
    await page.screenshot({ path: join(folder, `database-${name}.png`) });
    await context.close();
  }
}
