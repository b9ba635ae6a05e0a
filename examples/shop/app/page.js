import { products } from './catalogue.js';
import { build } from './version.js';

const money = (cents) => `${(cents / 100).toFixed(2)}`;

const shelf = products
  .map(
    (each) =>
      `<li><b>${each.name}</b> <span>${money(each.price)}</span> <button data-id="${each.id}">Buy</button></li>`,
  )
  .join('\n      ');

/** The only page. Its links are relative, so that it also works under the path of a preview. */
export const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Tea shop ${build.version}</title>
    <link rel="stylesheet" href="assets/${build.css}">
    <script type="module" src="assets/${build.js}"></script>
  </head>
  <body>
    <header><h1>Tea shop</h1><p>version <b id="version">${build.version}</b></p></header>
    <ul id="products">
      ${shelf}
    </ul>
    <p id="said" role="status">Nothing bought yet.</p>
    <footer>live now: <b id="live">?</b></footer>
  </body>
</html>
`;
