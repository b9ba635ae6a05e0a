import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

interface Ticking {
  readonly on: Signal<boolean>;
  readonly children: ComponentChildren;
}

/** Something that is so or not so, with its words. */
export function Tick({ on, children }: Ticking) {
  return (
    <label class="check scripted">
      <input
        type="checkbox"
        checked={on.value}
        onChange={({ currentTarget }) => (on.value = currentTarget.checked)}
      />{' '}
      {children}
    </label>
  );
}
