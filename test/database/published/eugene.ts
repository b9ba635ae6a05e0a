import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { breaks, depends, safe, visible, type History, type Judged, type Published } from './history.ts';
import { packageFolder, type Package } from './packages.ts';

const crate: Package = {
  registry: 'crates.io',
  name: 'eugene',
  version: '0.8.3',
  hash: 'a1feb147b3e43cae8bfd790fd34102e2e5ef1b2c8b5a578d5624a14b7b8c53b2',
  licence: 'MIT',
};

const leftOut = 'an INSERT that leaves the name out fails from now on';
const newColumn = 'a column that may be left out, of which statements that name theirs know nothing';
const index = 'an index changes no answer';
const wider = 'integer to bigint: the driver gives strings then';
const doubles = 'the second of two equal names is refused';
const proven = 'what it asks for is refused already';

/** The parts of its examples, but those that only make what was not there, and the one that only reads. */
const judgements: Readonly<Record<string, Judged>> = {
  'E1/bad 2': breaks(leftOut),
  'E1/good 2': breaks(`${leftOut}: NOT VALID is about rows that are there`),
  'E1/good 3': safe(proven),
  'E10/bad 2': visible(wider),
  'E10/good 2': safe(newColumn),
  'E10/good 3': visible(wider),
  'E11/bad 2': safe('a serial fills itself in'),
  'E15/bad 2': safe(index),
  'E15/good 2': safe(index),
  'E2/bad 2': breaks(leftOut),
  'E2/good 2': breaks(leftOut),
  'E2/good 3': safe(proven),
  'E2/good 4': safe(proven),
  'E4/bad 2': breaks('a NOT NULL column without a default: no INSERT knows it'),
  'E4/good 2': breaks('a NOT NULL column without a default: no INSERT knows it'),
  'E5/bad 2': visible(wider),
  'E5/good 2': safe(newColumn),
  'E5/good 3': breaks('an INSERT that leaves the new column out fails from now on'),
  'E5/good 4': breaks('the new column has taken the name of the old one'),
  'E6/bad 2': safe(index),
  'E6/good 2': safe(index),
  'E7/bad 2': depends(doubles),
  'E7/good 2': depends(doubles),
  'E7/good 3': safe('the index has refused the same'),
  'E8/bad 2': depends(doubles),
  'E9/bad 2': safe(newColumn),
  'E9/good 2': safe(newColumn),
  'W12/bad 2': breaks(leftOut),
  'W12/good 2': breaks(leftOut),
  'W14/bad 2': depends(doubles),
  'W14/bad 3': breaks('a primary key is NOT NULL: an INSERT that leaves it out fails from now on'),
  'W14/good 2': depends(doubles),
  'W14/good 3': breaks(leftOut),
  'W14/good 4': safe('unique and NOT NULL it was before'),
  'demo 2': breaks('an INSERT that leaves the title out fails from now on'),
  'demo 3': safe('a new table, and a reference to it in a new column'),
};

/** The examples of eugene, of what should and should not be done to tables in use; its own tests run them. */
export async function eugene(): Promise<Published> {
  const folder = path.join(await packageFolder(crate), 'examples');
  const read = (file: string): string => readFileSync(path.join(folder, file), 'utf8');
  const pairs = globSync('*/{bad,good}.sql', { cwd: folder }).toSorted();
  const demo = globSync('demo/*.sql', { cwd: folder }).toSorted();
  return {
    ...crate,
    statements: 'made from the catalog',
    histories: [
      ...pairs.map((file) =>
        history(
          file.replace('.sql', ''),
          read(file)
            .split(/^-- \d+\.sql$/m)
            .slice(1),
        ),
      ),
      history('demo', demo.map(read)),
    ],
  };
}

function history(name: string, parts: readonly string[]): History {
  return parts.map((sql, at) => {
    const stage = `${name} ${at + 1}`;
    return { name: stage, sql, judged: judgements[stage] ?? null, statements: null };
  });
}
