import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exposition, histogram } from '../../src/metrics/exposition.ts';

test('families are written with help and type, and those without samples not at all', () => {
  const text = exposition([
    { name: 'up', type: 'gauge', help: 'Is it?', samples: [{ labels: {}, value: 1 }] },
    { name: 'none', type: 'counter', help: 'Nothing.', samples: [] },
    {
      name: 'odd_total',
      type: 'counter',
      help: 'A \\ and\na line',
      samples: [{ labels: { app: 'a"b\\c\nd', other: '' }, value: 1.5e21 }],
    },
  ]);
  assert.equal(
    text,
    '# HELP up Is it?\n# TYPE up gauge\nup 1\n' +
      '# HELP odd_total A \\\\ and\\na line\n# TYPE odd_total counter\nodd_total{app="a\\"b\\\\c\\nd",other=""} 1.5e+21\n',
  );
});

test('a histogram is cumulative, ends with +Inf, and agrees with its count', () => {
  const samples = histogram({ app: 'a' }, { bounds: [0.1, 1], counts: [2, 0, 3], sum: 12.5 });
  const text = exposition([{ name: 's', type: 'histogram', help: 'h', samples }]);
  assert.equal(
    text.split('\n').slice(2).join('\n'),
    's_bucket{app="a",le="0.1"} 2\ns_bucket{app="a",le="1"} 2\ns_bucket{app="a",le="+Inf"} 5\ns_sum{app="a"} 12.5\ns_count{app="a"} 5\n',
  );
});
