import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { compileAudiences } from '../../src/audience/compile.ts';
import { explanationText } from '../../src/audience/explain-text.ts';
import { explain } from '../../src/audience/explain.ts';
import { route } from '../../src/audience/route.ts';
import { factsOf } from '../../src/router/facts/facts.ts';
import { openPlaces, type Places } from '../../src/router/facts/places.ts';
import { createTokenVerifier, type TokenVerifier } from '../../src/router/facts/token.ts';
import { makeWorld, table, trusted } from './cases.ts';

const world = makeWorld();
let places: Places;
let verifier: TokenVerifier;

before(async () => {
  const fail = (message: string): void => assert.fail(message);
  places = await openPlaces({ file: world.placesFile, onWarning: fail });
  verifier = createTokenVerifier(world.jwt, {
    environment: {},
    fetch,
    elapsed: () => performance.now(),
    onWarning: fail,
  });
});

after(() => {
  places.close();
  world.remove();
});

test('there are enough cases, each with a name of its own', () => {
  assert.ok(table.cases.length >= 60, `${table.cases.length}`);
  assert.equal(new Set(table.cases.map(({ name }) => name)).size, table.cases.length);
});

for (const one of table.cases) {
  test(`case: ${one.name}`, async () => {
    const compiled = compileAudiences(world.tableOf(one), (address) => places.lookUp(address));
    const release = one.noRelease === true ? null : table.release.id;
    const context = { trusted, signer: world.signer, release, jwt: world.jwt, verifier };
    const request = await factsOf(world.rawOf(one), context, world.now);
    const { side, ...routed } = route(compiled, request);
    assert.deepEqual(routed, one.expect);
    assert.equal(side, routed.environment === 'green' ? 'candidate' : 'live');
    const explained = explain(compiled, request);
    assert.deepEqual(explained.routed, { side, ...routed });
    const chosen =
      routed.reason === 'audience' || routed.reason === 'percent' || routed.reason === 'everyone';
    if (routed.reason !== 'admitted')
      assert.equal(
        explained.exposed.some(({ matched }) => matched),
        chosen,
      );
    assert.match(explanationText(explained), /^goes to (blue|green), /);
  });
}
