import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { RouterStatus } from '../../src/router/router.ts';
import { start } from '../router/process-rig.ts';
import { appTable, tableOf } from '../router/rig.ts';
import { teal } from './cli.ts';

test('without a control plane `teal status` tells by which table the router goes on, and since when it was not heard', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'teal-alone-'));
  const data = path.join(folder, 'data');
  await writeFile(
    path.join(folder, 'teal.yaml'),
    `data: ${data}\napps: { shop: { run: { process: { command: serve } } } }\n`,
  );
  {
    await using running = await start({ data, workers: 1 });
    await running.router.apply(tableOf(7, appTable()));
    const { code, err } = await teal(folder, 'status');
    assert.notEqual(code, 0);
    const said = err.replaceAll(/\s+/g, ' ');
    assert.match(said, /Teal is not running .*Its router goes on: table 7, 1 worker, heard from Teal .* ago/);
    assert.match(said, /Start it with: teal up/);
    const json = await teal(folder, 'status', '--json');
    const { error } = JSON.parse(json.out === '' ? json.err : json.out) as {
      error: { code: string; details: { router: RouterStatus } };
    };
    assert.equal(error.code, 'control-unavailable');
    assert.equal(error.details.router.generation, 7);
    assert.ok(Date.now() - (error.details.router.heard.at ?? 0) < 60_000);
  }
  await rm(folder, { recursive: true, force: true });
});
