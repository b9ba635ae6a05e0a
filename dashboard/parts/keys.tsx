import { helpShown } from '../live/keys.ts';

const all: readonly (readonly [string, string])[] = [
  ['g a', 'all apps'],
  ['g o', 'the app'],
  ['g h', 'its history'],
  ['g l', 'its logs'],
  ['g e', 'events'],
  ['/', 'search'],
  ['r', 'to Roll back; Enter does it'],
  ['p', 'to the playground'],
  ['?', 'these keys'],
  ['Esc', 'close'],
];

/** What keys there are; shown by `?`. */
export function Keys() {
  if (!helpShown.value) return null;
  return (
    <div class="sheet" role="dialog" aria-label="Keys">
      <h2>Keys</h2>
      <dl>
        {all.map(([key, says]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{says}</dd>
          </div>
        ))}
      </dl>
      <button onClick={() => (helpShown.value = false)}>Close</button>
    </div>
  );
}
