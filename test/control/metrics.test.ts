import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { routerFamilies } from '../../src/control/metrics.ts';
import { exposition } from '../../src/metrics/exposition.ts';
import { project, yaml } from './project.ts';

const value = (text: string, series: string): number => {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? Number.NaN : Number(line.slice(series.length + 1));
};

test('Prometheus reads what all workers have counted, on the control socket and where teal.yaml says', async (t) => {
  const shop = await project(t, yaml().replace('workers: 1', 'workers: 2, metrics: "127.0.0.1:0"'));
  const running = await shop.up();
  await running.deploy('v1');
  const { metrics } = running.control;
  assert.ok(metrics !== null && metrics > 0);
  const scrape = async (): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${metrics}/metrics`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    return response.text();
  };
  const answers =
    'teal_router_answers_total{app="shop",environment="blue",version="v1",cohort="live",status="2xx"}';
  const before = value(await scrape(), answers) || 0;
  for (let count = 0; count < 20; count++) assert.equal((await running.ask()).status, 200);
  const text = await scrape();
  assert.equal(value(text, answers), before + 20);
  const histogram =
    'teal_router_answer_seconds_count{app="shop",environment="blue",version="v1",cohort="live"}';
  assert.equal(value(text, histogram), before + 20);
  assert.equal(value(text, 'teal_router_up'), 1);
  assert.equal(value(text, 'teal_router_workers'), 2);
  assert.equal(value(text, 'teal_live_info{app="shop",environment="blue",version="v1"}'), 1);
  assert.ok((await running.api.raw('GET', '/metrics')).body.includes(answers), 'the same on the socket');
  assert.equal((await fetch(`http://127.0.0.1:${metrics}/v1/status`)).status, 404, 'and nothing else there');
  await running.control.stop({ everything: true });
  await assert.rejects(fetch(`http://127.0.0.1:${metrics}/metrics`));
});

test('an address that is taken is told, and nothing is left behind', async (t) => {
  const taken = net.createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as net.AddressInfo;
  const shop = await project(t, yaml().replace('workers: 1', `workers: 1, metrics: "127.0.0.1:${port}"`));
  await assert.rejects(shop.up(), { code: 'port-taken' });
});

test('a router that does not answer is told as down, and one of an older Teal without what it does not count', () => {
  assert.match(exposition(routerFamilies(null)), /^teal_router_up 0$/m);
});
