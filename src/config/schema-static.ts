/** The keys of `run.static`. */
import * as v from 'valibot';
import { keys, named } from './leaf.ts';
import { serverAddress, versionName } from './kinds-static.ts';
import { key } from './schema-keys.ts';

export const servers = keys({
  versions: key(
    named(versionName, v.array(serverAddress), 'a map from names of versions to lists of addresses'),
    {},
    'The servers of each version, by its name: `v1: [10.0.0.1:8080, 10.0.0.2:8080]`.',
  ),
  addresses: key(
    v.array(serverAddress),
    [],
    'The servers of every other version; {version} in their names stands for it: `[shop-{version}.internal:8080]`. None by default: only the versions above can be deployed.',
  ),
});
