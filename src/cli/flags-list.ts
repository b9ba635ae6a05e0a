import { TealError } from '../errors.ts';
import { didYouMean } from '../config/did-you-mean.ts';
import { connectControl } from './client.ts';
import { renderFlag, renderFlags } from './render/flag-list.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { soleTarget } from './shell/target.ts';

/** Shows every flag: where it is in its life, whom it is open to, what to do about it. */
export async function flagsList(this: Context, flags: CommonFlags, app?: string): Promise<Result> {
  const client = await connectControl(this, flags);
  const [known, unknown] = await Promise.all([client.flags(app), client.unknownFlags(app)]);
  return { json: { flags: known, unknown }, text: (view) => renderFlags(known, unknown, view) };
}

export interface FlagsShowFlags extends CommonFlags {
  readonly app?: string;
}

/** Shows all that is known of one flag. */
export async function flagsShow(this: Context, flags: FlagsShowFlags, name: string): Promise<Result> {
  const client = await connectControl(this, flags);
  const all = await client.flags(flags.app);
  const found = all.filter(({ flag }) => flag === name);
  if (found.length === 0)
    throw unknown(
      name,
      all.map(({ flag }) => flag),
    );
  return { json: found, text: (view) => found.map((each) => renderFlag(each, view)).join('\n\n') };
}

export interface FlagsExportFlags extends CommonFlags {
  readonly flagd?: boolean;
}

/** Prints the definitions of an app as flagd reads them. */
export async function flagsExport(this: Context, flags: FlagsExportFlags, app?: string): Promise<Result> {
  const client = await connectControl(this, flags);
  const set = await client.flagd(await soleTarget(client, app));
  return { json: set, text: () => JSON.stringify(set, null, 2) };
}

function unknown(name: string, names: readonly string[]): TealError {
  const meant = didYouMean(name, names);
  const remedy =
    names.length === 0 ? 'add it below features in teal.yaml' : `the flags are: ${names.join(', ')}`;
  const says = `There is no flag ${name}.${meant === null ? '' : ` Did you mean ${meant}?`}`;
  return new TealError('flag-unknown', says, { remedy, details: { flag: name } });
}
