/** A release whose backfill is half way, before a browser: the app of examples/database, with enough rows for it to last. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import type { AppStatus } from '../src/control/contract.ts';
import type { LinkMade } from '../src/control/contract-access.ts';
import { letIn } from '../examples/database/crowd.ts';
import { makeHome } from '../examples/database/home.ts';
import { Ledger } from '../examples/database/ledger.ts';
import { seed, startDatabase } from '../examples/database/postgres.ts';
import { Screen } from '../examples/demo/screen.ts';
import { Teal } from '../examples/demo/teal.ts';

/** With a trigger that waits half a millisecond at each: most of a minute. */
const rows = 60_000;
const people = 25;
/** Of the rows, when the first picture is taken. */
const share = 0.35;
const patienceMs = 120_000;

/** Behind what expand makes. Only who migrates is slow: people are served as ever. */
const slow = `
  CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.0005); RETURN NEW; END $$;
  CREATE TRIGGER zz_slow BEFORE UPDATE ON users FOR EACH ROW WHEN (current_user = 'deployer') EXECUTE FUNCTION slow();
`;

export interface HalfWay {
  readonly page: string;
  admin(options: BrowserContextOptions): Promise<BrowserContext>;
  close(): Promise<void>;
}

/** Resolves when the backfill is under way. @throws Error when it does not come so far */
export async function halfWay(browser: Browser): Promise<HalfWay> {
  const undo = new AsyncDisposableStack();
  try {
    const database = undo.use(await startDatabase());
    const home = undo.adopt(await makeHome(database), (made) => made.remove());
    await appendFile(join(home.folder, 'teal.yaml'), '\ncontrol: { listen: 127.0.0.1:0 }\n');
    await appendFile(join(home.folder, 'builds/v2/db/0002-full-name/expand.sql'), slow);
    const teal = new Teal({
      folder: home.folder,
      screen: new Screen(process.stderr),
      signal: new AbortController().signal,
    });
    undo.defer(() => teal.down());
    const url = await teal.up();
    await teal.run('deploy', 'users', 'v1', '--from', 'builds/v1', '--until', 'ready');
    await teal.run('approve', 'users', '--wait');
    const client = undo.adopt(await database.connect(), (open) => open.end());
    const ledger = new Ledger(await seed(client, rows));
    undo.adopt(letIn({ url, ledger, people }), (crowd) => crowd.stop().then(() => undefined));
    // What live sends is what is tried before expand.
    await sleep(15_000);
    await teal.run('deploy', 'users', 'v2', '--from', 'builds/v2');
    await until(teal);
    const link = (): Promise<LinkMade> => teal.ask<LinkMade>('dashboard');
    const { origin } = new URL((await link()).url);
    return {
      page: `${origin}/apps/users`,
      admin: async (options) => {
        const context = await browser.newContext(options);
        const page = await context.newPage();
        await page.goto((await link()).url);
        await page.waitForURL(`${origin}/`);
        await page.close();
        return context;
      },
      close: () => undo.disposeAsync(),
    };
  } catch (error) {
    await undo.disposeAsync();
    throw error;
  }
}

async function until(teal: Teal): Promise<void> {
  for (const end = Date.now() + patienceMs; Date.now() < end;) {
    const { migration } = await teal.ask<AppStatus>('status', 'users');
    const { seen, total } = migration?.progress ?? { seen: null, total: null };
    if (migration?.stage === 'backfilling' && seen !== null && total !== null && seen > share * total) return;
    if (migration?.failed != null) throw new Error(migration.failed.message);
    await sleep(300);
  }
  throw new Error('the backfill has not come half way');
}
