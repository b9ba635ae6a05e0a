import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeStage, type Stage } from './stage.ts';
import { accessible, fits, watched } from './watched.ts';

const waits = (folder: string, what: string): string =>
  `[ $TEAL_VERSION = v1 ] || while [ ! -e ${folder}/${what} ]; do sleep 0.1; done`;

/** A migration of commands alone, each of which waits until it is let go; contract fails until it may not. */
const settings = (folder: string): string => `    release: { rollback-window: 5s }
    database:
      contract: manual
      run:
        expand: ${JSON.stringify(waits(folder, 'expand'))}
        backfill: ${JSON.stringify(waits(folder, 'backfill'))}
        undo: 'true'
        contract: ${JSON.stringify(`[ $TEAL_VERSION = v1 ] || [ -e ${folder}/contract ] || { echo the disk is full; exit 1; }`)}
`;

describe('the dashboard, before a database that changes with its app', { timeout: 300_000 }, () => {
  let stage: Stage;
  const letGo = (what: string): Promise<void> => writeFile(join(stage.folder, what), '');
  before(async () => {
    stage = await makeStage(1500, { others: ['ledger'], settings });
    await stage.hush();
  });
  after(() => stage?.close());

  test('its steps are on the ladder, contract is asked for and says why it failed', async () => {
    const context = await stage.admin();
    const { page, quiet, forgive } = await watched(context);
    await page.goto(`${stage.origin}/apps/ledger`);
    await page.locator('html[data-live]').waitFor();
    const panel = page.locator('.panel.database');
    const stages = panel.getByRole('list', { name: 'Stages of the migration' });
    const contract = panel.getByRole('button', { name: 'Contract', exact: true });

    // The first version is as much a migration as any other; nobody needs what is before it.
    await panel.getByText('no older version runs any more').waitFor();
    await contract.click();
    const question = panel.getByRole('alertdialog', { name: 'Contract' });
    await question.getByText('Contract v1?').waitFor();
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Not now');
    await accessible(page);
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Contract');
    await contract.click();
    await question.getByRole('button', { name: 'Contract now' }).click();
    await page
      .getByRole('status')
      .getByText(/^Contract:/)
      .waitFor();
    await panel.getByText('contracted', { exact: true }).waitFor();

    const deploying = stage.teal.run('deploy', 'ledger', 'v2', '--from', 'builds/v2', '--wait');
    await page.getByRole('heading', { name: 'Release of v2' }).waitFor();
    await page.locator('.rung.current.database', { hasText: 'expand v2' }).waitFor();
    await page.locator('.rung.ahead.start').waitFor();
    await stages.locator('[aria-current=step]', { hasText: 'expand' }).waitFor();
    await accessible(page);
    await letGo('expand');
    await stages.locator('[aria-current=step]', { hasText: 'backfill' }).waitFor();
    await page.locator('.rung.passed.database', { hasText: 'expand v2' }).waitFor();
    await letGo('backfill');
    await panel.getByText(/contract waits for the rollback window: v1 is kept/i).waitFor();
    await contract.click({ force: true });
    await page
      .getByRole('status')
      .getByText(/v1 still runs/)
      .waitFor();
    await deploying;

    await panel.getByText('no older version runs any more').waitFor();
    await contract.click();
    await question.getByRole('button', { name: 'Contract now' }).click();
    await panel.getByRole('alert').locator('pre', { hasText: 'the disk is full' }).waitFor();
    await page.locator('.rung.failed.database', { hasText: 'contract v2' }).waitFor();
    await accessible(page);
    await letGo('contract');
    await contract.click();
    await question.getByRole('button', { name: 'Contract now' }).click();
    await page.locator('.rung.passed.database', { hasText: 'contract v2' }).waitFor();
    await panel.getByText(/v1 does not know the database any more/).waitFor();

    // Back over it all the same: what that means stays there until a version that fits is live again.
    await stage.teal.run('rollback', 'ledger', '--wait');
    const harm = page.locator('.notice.warn', {
      hasText: /statements of v1 may fail on it, until one that fits/,
    });
    await harm.waitFor();
    await accessible(page);
    await stage.teal.run('deploy', 'ledger', 'v2', '--wait');
    await harm.waitFor({ state: 'detached' });
    forgive(/409/);
    quiet();
    await context.close();
  });

  test('what was taken back is undone from there; on a phone, dark, and for who may only look', async () => {
    await rm(join(stage.folder, 'backfill'));
    await stage.teal.run('deploy', 'ledger', 'v3', '--from', 'builds/v2');
    const context = await stage.admin({
      viewport: { width: 360, height: 740 },
      isMobile: true,
      hasTouch: true,
      colorScheme: 'dark',
    });
    const { page, quiet } = await watched(context);
    await page.goto(`${stage.origin}/apps/ledger`);
    await page.locator('html[data-live]').waitFor();
    const panel = page.locator('.panel.database');
    await panel.locator('[aria-current=step]', { hasText: 'backfill' }).waitFor();
    await fits(page);
    await accessible(page);
    await stage.teal.run('abort', 'ledger');
    await panel.getByText(/v3 is gone: deploy it again, or teal db undo ledger/).waitFor();
    await panel.getByRole('button', { name: 'Undo', exact: true }).click();
    await fits(page);
    await accessible(page);
    await panel.getByRole('button', { name: 'Undo now' }).click();
    await panel.getByText('undone: the database is as it was before').waitFor();
    quiet();
    await context.close();

    const looking = await stage.browser.newContext();
    const only = await looking.newPage();
    await only.goto(`${stage.origin}/login/token?to=/apps/ledger`);
    await only.getByLabel('Token').fill(await stage.token('vera', 'viewer'));
    await only.getByRole('button', { name: 'Sign in' }).click();
    await only.locator('.panel.database').getByText('undone: the database').waitFor();
    await looking.close();
  });
});
