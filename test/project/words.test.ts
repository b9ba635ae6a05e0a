import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, tracked } from './tree.ts';

/** Of the machines this was built on, not of the project. Written in two halves, so that this file is not found itself. */
const foreign = ['/work/' + 'shared', '.' + 'library', 'fa' + 'rm-'];
const text = /\.(?:ts|js|json|md|ya?ml|css|html|sh)$|^\.ci\/|^bin\//;

test('no file of the project mentions the machine it was built on', () => {
  const found = tracked()
    .filter((path) => text.test(path) && path !== 'package-lock.json')
    .flatMap((path) => foreign.filter((word) => read(path).includes(word)).map((word) => `${path}: ${word}`));
  assert.deepEqual(found, []);
});

test('every relative link in a page of the project leads to a file', () => {
  const files = tracked();
  const isThere = (target: string): boolean =>
    files.some((path) => path === target || path.startsWith(`${target}/`));
  const broken = files
    .filter((path) => path.endsWith('.md'))
    .flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)]
        .map(([, link = '']) => new URL(link, `file:///${page}`).pathname.slice(1).replace(/\/$/, ''))
        .filter((target) => !isThere(target))
        .map((target) => `${page}: ${target}`),
    );
  assert.deepEqual(broken, []);
});
