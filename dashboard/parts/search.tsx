import type { Signal } from '@preact/signals';

interface Searching {
  readonly words: Signal<string>;
  /** What is searched, for those who hear the page. */
  readonly label: string;
}

/** Narrows down a long list as somebody types; `/` goes there. */
export function Search({ words, label }: Searching) {
  return (
    <input
      class="scripted"
      type="search"
      data-key="/"
      placeholder="Search  /"
      aria-label={label}
      value={words.value}
      onInput={({ currentTarget }) => (words.value = currentTarget.value)}
    />
  );
}
