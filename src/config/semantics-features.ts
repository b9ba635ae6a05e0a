import { didYouMean } from './did-you-mean.ts';
import type { Json } from './features.ts';
import type { Finding } from './finding.ts';
import type { Path } from './problem.ts';
import type { AppInput, FileInput } from './schema.ts';
import type { FeatureInput } from './schema-features.ts';

const error = (
  path: Path,
  what: Pick<Finding, 'expected' | 'got' | 'remedy'>,
  others: readonly Path[] = [],
): Finding => ({ severity: 'error', path, others, ...what });

/** What is wrong with the features of one app. */
export function featuresOf(path: Path, app: AppInput, file: FileInput): readonly Finding[] {
  return Object.entries(app.features).flatMap(([name, feature]) => {
    const here = [...path, 'features', name];
    return [
      ...unlike(here, feature),
      ...ofNoUse(here, feature),
      ...audiences(here, feature, app),
      ...elsewhere([...here, 'with'], feature, { own: `${path.at(-1)}`, file }),
    ];
  });
}

/** What SDKs tell apart: a client that asks for a boolean is given no text. */
function kindOf(value: Json): string {
  return typeof value === 'object' ? (Array.isArray(value) ? 'a list' : 'a map') : `a ${typeof value}`;
}

function unlike(path: Path, { default: byDefault, on }: FeatureInput): readonly Finding[] {
  if (on === undefined || kindOf(on) === kindOf(byDefault)) return [];
  const remedy = 'write both alike: a client asks for one kind of value';
  const what = { expected: `${kindOf(byDefault)}, as default is`, got: kindOf(on), remedy };
  return [error([...path, 'on'], what, [[...path, 'default']])];
}

function ofNoUse(path: Path, feature: FeatureInput): readonly Finding[] {
  const found: Finding[] = [];
  if (
    feature.on === undefined &&
    (feature.with !== undefined || feature.for.length > 0 || feature.percent !== undefined)
  ) {
    const got = 'none';
    found.push(error(path, { expected: 'a value `on` for whom it is on', got, remedy: 'add on: true' }));
  }
  if (feature.with !== undefined && feature.percent !== undefined) {
    const remedy = 'remove percent, or with: the steps of the release say how many';
    const what = { expected: 'with or percent', got: 'both', remedy };
    found.push(error([...path, 'percent'], what, [[...path, 'with']]));
  }
  return found;
}

function audiences(path: Path, feature: FeatureInput, app: AppInput): readonly Finding[] {
  return feature.for.flatMap((name, index) => {
    if (Object.hasOwn(app.audiences, name)) return [];
    const names = Object.keys(app.audiences);
    const meant = didYouMean(name, names);
    const remedy =
      meant === null
        ? names.length === 0
          ? `add it to audiences: ${name}: { users: [anna] }`
          : `name one of ${names.join(', ')}`
        : `Did you mean \`${meant}\`?`;
    const what = { expected: 'an audience of this app', got: name, remedy };
    return [error([...path, 'for', index], what)];
  });
}

/** People of another app are placed by its own identity and audiences: its features belong to it. */
function elsewhere(
  path: Path,
  { with: written }: FeatureInput,
  { own, file }: { readonly own: string; readonly file: FileInput },
): readonly Finding[] {
  const app = written?.slice(0, written.indexOf('@'));
  if (written === undefined || !written.includes('@') || app === own || app === undefined) return [];
  if (!Object.hasOwn(file.apps, app)) return [];
  const remedy = `write the feature below apps.${app}.features, and ask ${app} for it`;
  return [error(path, { expected: `a version of ${own}`, got: written, remedy })];
}
