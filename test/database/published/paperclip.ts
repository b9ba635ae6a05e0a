import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { breaks, depends, safe, visible, type Judged, type Published } from './history.ts';
import { packageFolder, type Package } from './packages.ts';

const npm: Package = {
  registry: 'npm',
  name: '@paperclipai/db',
  version: '2026.824.1',
  hash: 'f222c0b0a1ceb702a058c33d966fe7d9a750ca19c4b13319d9ba48e5a5eb7ba34397d2d4ff1275859c7494b70b7dc64cb3c12dfdbb8b33e52c117f73ae185c03',
  licence: 'MIT',
};

const required = 'a new NOT NULL column without a default: no INSERT knows it';
const references = 'new tables refer to rows that then cannot be deleted any more';
const told = {
  says: 'client-visible',
  since: 'only the new version writes the rows that refer to others',
} as const;
const made = 'only new tables, whose references follow what is deleted';
const filledIn = 'new columns may be left out, or have a default';
const readsNull = 'may be NULL now';

/**
 * Of its migrations those that drop something, or change NOT NULL or a default, of columns and tables that are there: all of these; and
 * each twentieth of all, whatever it does.
 */
const judgements: Readonly<Record<string, Judged>> = {
  '0001': depends(`${references}; and a default changes`, told),
  '0003': breaks('drops a column'),
  '0010': depends(references, told),
  '0020': visible(`cwd ${readsNull}`),
  '0030': safe(made),
  '0046': safe(filledIn),
  '0050': safe(filledIn),
  '0054': visible(`project and assignee of a routine ${readsNull}`),
  '0070': depends(`${references}; and one kind of issue is unique`),
  '0071': visible('another default'),
  '0082': breaks(required),
  '0090': safe(made),
  '0100': safe('was NOT NULL with this default before'),
  '0105': breaks('drops a column'),
  '0109': depends(`${references}; and issue_id ${readsNull}`),
  '0110': safe('what could not be deleted before can be now', {
    says: 'client-visible',
    since: 'deleting a company takes its documents along now',
  }),
  '0127': breaks('drops columns'),
  '0128': visible(`secret_id ${readsNull}`),
  '0132': safe(filledIn),
  '0145': safe(filledIn),
  '0149': breaks(required),
  '0152': depends('an application with connections cannot be deleted any more'),
  '0160': safe(filledIn),
  '0164': breaks(required),
  '0167': safe('drops IF EXISTS what has gone before'),
  '0172': safe(filledIn),
  '0175': breaks(required),
  '0182': breaks(required),
  '0190': breaks('drops columns'),
  '0192': safe(filledIn),
  '0196': breaks('drops tables'),
  '0212': depends('one kind of issue is unique'),
  '0218': visible('other defaults'),
  '0222': visible(`environment_id ${readsNull}`),
};

/** The history of an application that is written with Drizzle. */
export async function paperclip(): Promise<Published> {
  const folder = path.join(await packageFolder(npm), 'dist/migrations');
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  return {
    ...npm,
    statements: 'made from the catalog',
    histories: [
      files.toSorted().map((name) => ({
        name,
        // As Drizzle runs them: in a transaction.
        sql: `BEGIN;\n${readFileSync(path.join(folder, name), 'utf8')}\n;COMMIT;`,
        judged: judgements[name.slice(0, 4)] ?? null,
        statements: null,
      })),
    ],
  };
}
