#!/usr/bin/env node
// Plain old JavaScript, so that an old Node gets a sentence instead of a syntax error.
var needed = [24, 15];
var have = process.versions.node.split('.').map(Number);
if (have[0] < needed[0] || (have[0] === needed[0] && have[1] < needed[1])) {
  process.stderr.write(
    'teal needs Node ' +
      needed.join('.') +
      ' or newer; this is ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').\n' +
      'Run it with a newer one:  npx -y -p node@26 node ' +
      process.argv.slice(1).join(' ') +
      '\n',
  );
  process.exit(2);
}
// In a checkout the sources run as they are; the published package has only dist/.
var root = new URL('..', import.meta.url);
void Promise.all([import('node:fs'), import('node:module'), import('node:url')]).then(function (modules) {
  var source = new URL('src/cli/main.ts', root);
  if (!modules[0].existsSync(source)) return import(new URL('dist/cli/main.js', root).href);
  // Stripping types at every start would cost more than the command; kept where only the checkout's owner writes.
  modules[1].enableCompileCache(modules[2].fileURLToPath(new URL('node_modules/.cache/teal', root)));
  return import(source.href);
});
