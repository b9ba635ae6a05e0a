import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Mood, OverviewApp, OverviewView } from '../../src/control/contract.ts';
import type { OverviewPage } from '../../src/control/dashboard/page.ts';
import { again } from '../live/again.ts';
import { look } from '../live/ask.ts';
import { follow } from '../live/stream.ts';
import { AppCard } from '../parts/app-card.tsx';
import { Frame } from '../parts/frame.tsx';
import { count } from '../parts/units.ts';
import { Search } from '../parts/search.tsx';
import { Virtual } from '../parts/virtual.tsx';

const everyMs = 3000;
/** A thousand of them are a megabyte, and something happens to one of them all the time. */
const perAppMs = 5;
/** A card and the space below it, as the style sheet has it. */
const cardPx = 164;

const filters: readonly (readonly [Mood, string])[] = [
  ['trouble', 'in trouble'],
  ['asks', 'waiting for somebody'],
  ['moving', 'being released'],
  ['calm', 'calm'],
  ['empty', 'empty'],
];

/** Every app as a card, what needs somebody first. */
export function OverviewPageView({ page }: { readonly page: OverviewPage }) {
  const overview = useSignal<OverviewView>(page.overview);
  const search = useSignal('');
  const mood = useSignal<Mood | null>(null);
  useEffect(() => {
    const looking = again(
      async () => {
        const found = await look<OverviewView>('/v1/overview');
        if (found !== null) overview.value = found;
      },
      everyMs + page.overview.apps.length * perAppMs,
      Math.max(120, page.overview.apps.length),
    );
    const end = follow(null, looking.soon);
    return () => {
      end();
      looking.end();
    };
  }, []);
  const { apps } = overview.value;
  const shown = apps.filter(
    (each) => (mood.value === null || each.mood === mood.value) && isMeant(each, search.value),
  );
  return (
    <Frame session={page.session} here="apps">
      <div class="bar">
        <h1>
          Apps <span class="faint">{count(apps.length)}</span>
        </h1>
        <div class="filters scripted" role="group" aria-label="Show only">
          {filters.map(([each, text]) => {
            const many = apps.filter((app) => app.mood === each).length;
            if (many === 0 && mood.value !== each) return null;
            return (
              <button
                key={each}
                class={`filter ${each}`}
                aria-pressed={mood.value === each}
                onClick={() => (mood.value = mood.value === each ? null : each)}
              >
                {count(many)} {text}
              </button>
            );
          })}
        </div>
        <Search words={search} label="Search apps by name, version or group" />
      </div>
      {apps.length === 0 ? (
        <p class="empty">
          No app yet: add one to teal.yaml, then <code>teal apply</code>.
        </p>
      ) : shown.length === 0 ? (
        <p class="empty">None of {count(apps.length)} apps is like that.</p>
      ) : (
        <Virtual
          items={shown}
          height={cardPx}
          label="Apps"
          row={(each) => <AppCard key={each.app} app={each} />}
        />
      )}
    </Frame>
  );
}

function isMeant({ app, group, version, release }: OverviewApp, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/);
  const all = [app, group, version, release?.version].join(' ').toLowerCase();
  return words.every((word) => all.includes(word));
}
