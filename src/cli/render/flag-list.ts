import type { FlagView, UnknownFlag } from '../../control/flags/contract.ts';
import type { View } from '../shell/terminal.ts';
import { renderBlock } from './block.ts';
import { glyph, pad, paint, wrap, type Glyph } from './paint.ts';
import { clock, counted } from './units.ts';

const marks: Readonly<Record<FlagView['stage'], Glyph>> = {
  draft: 'going',
  open: 'going',
  'live-for-all': 'ok',
  'to-remove': 'warn',
  'rolled-back': 'failed',
  removed: 'ok',
};

/** Every flag as a line, with what to do about it below; then the names that are none. */
export function renderFlags(flags: readonly FlagView[], unknown: readonly UnknownFlag[], view: View): string {
  const there = flags.filter(({ stage }) => stage !== 'removed');
  if (there.length === 0 && unknown.length === 0)
    return 'There is no feature flag. Next: write one below features in teal.yaml (docs/flags.md)';
  const width = Math.max(4, ...there.map(({ app, flag }) => app.length + flag.length + 1));
  const lines = there.flatMap((each) => [
    `${glyph(view, marks[each.stage])} ${pad(`${each.app}/${each.flag}`, width)}  ${wrap(summary(each), view.width, width + 4)}`,
    ...each.advice.map((one) => `  ${paint(view, 'dim', '→')} ${wrap(one, view.width, 4)}`),
  ]);
  const none = unknown.map(
    ({ app, flag, count, last }) =>
      `${glyph(view, 'warn')} ${wrap(`${app} asks for ${flag}, which is no flag: ${counted(count, 'time')}, last at ${clock(last, view.now)}`, view.width, 2)}`,
  );
  return [...lines, ...none].join('\n');
}

const summary = ({ stage, share, version, evaluations }: FlagView): string =>
  [
    stage.replaceAll('-', ' '),
    ...(version === null ? [] : [`with ${version}`]),
    ...(share === 'nobody' ? [] : [`on for ${share}`]),
    counted(evaluations, 'evaluation'),
  ].join(', ');

/** All that is known of one. */
export function renderFlag(flag: FlagView, view: View): string {
  const values = Object.entries(flag.variants).map(
    ([variant, { count, last }]) => `${variant}: ${counted(count, 'time')}, last at ${clock(last, view.now)}`,
  );
  const { keep } = flag;
  return renderBlock(
    {
      state: marks[flag.stage],
      label: 'Flag',
      value: `${flag.flag} of ${flag.app}`,
      rows: [
        ['Stage', `${flag.stage.replaceAll('-', ' ')}, since ${clock(flag.since, view.now)}`],
        ['On for', flag.share],
        [
          'Goes with',
          flag.version === null
            ? null
            : `${flag.version}${flag.release === null ? '' : ` (${flag.release})`}`,
        ],
        [
          'Values',
          `default ${JSON.stringify(flag.default)}${flag.on === null ? '' : `, on ${JSON.stringify(flag.on)}`}`,
        ],
        ['Stays', keep === undefined ? null : JSON.stringify(keep)],
        ['Given', values.length === 0 ? 'never' : values.join('; ')],
        [
          'Asked',
          flag.asked === null ? 'by its name: never' : `by its name, last at ${clock(flag.asked, view.now)}`,
        ],
        ['Owner', flag.owner],
        ['For', flag.description],
        ...flag.advice.map((one): readonly [string, string] => ['Next', one]),
      ],
    },
    view,
  );
}
