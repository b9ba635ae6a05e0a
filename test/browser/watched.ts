import assert from 'node:assert/strict';
import axe from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';

/** A page whose console is listened to: what it complains of is a mistake of ours. */
export interface Watched {
  readonly page: Page;
  /** Of the browser's own words about a network that was taken away. */
  readonly forgive: (what: RegExp) => void;
  /** @throws AssertionError with every complaint */
  readonly quiet: () => void;
}

export async function watched(context: BrowserContext): Promise<Watched> {
  const page = await context.newPage();
  const said: string[] = [];
  let forgiven: RegExp | null = null;
  const note = (text: string): void => {
    if (forgiven?.test(text) !== true) said.push(text);
  };
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      note(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => note(`thrown: ${error.message}`));
  return {
    page,
    forgive: (what) => (forgiven = what),
    quiet: () => assert.deepEqual(said, []),
  };
}

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Finds what keeps people out: WCAG 2.2 A and AA, and what axe knows as good practice. */
export async function accessible(page: Page): Promise<void> {
  // Not as an element of the page, whose policy lets no other script in.
  await page.evaluate(axe.source);
  const found = await page.evaluate<{ readonly violations: readonly Violation[] }>('axe.run()');
  const told = found.violations.map(
    ({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map(({ html }) => html).join('\n  ')}`,
  );
  assert.deepEqual(told, []);
}

/** Nothing has to be scrolled to sideways. */
export async function fits(page: Page): Promise<void> {
  const [is, may] = await page.evaluate<readonly number[]>(
    '[document.documentElement.scrollWidth, innerWidth]',
  );
  assert.ok((is ?? 0) <= (may ?? 0), `${is} px wide in a window of ${may} px`);
}
