import { signal } from '@preact/signals';

/** Whether the list of keys is shown. */
export const helpShown = signal(false);

/** Letters after `g`, and where they lead: elements of the page say so in `data-go`. */
const pairMs = 1500;

/** Keys do what a pointer does: they press what the page has marked for them. */
export function listenToKeys(): void {
  let g = 0;
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const { key } = event;
    if (key === 'Escape') helpShown.value = false;
    else if (key === '?') helpShown.value = !helpShown.value;
    else if (event.timeStamp - g < pairMs && g > 0) {
      g = 0;
      find(`[data-go="${CSS.escape(key)}"]`)?.click();
      return;
    } else if (key === 'g') g = event.timeStamp;
    else {
      const at = find(`[data-key="${CSS.escape(key)}"]`);
      if (at === null) return;
      event.preventDefault();
      at.focus();
    }
  });
}

const find = (selector: string): HTMLElement | null => document.querySelector<HTMLElement>(selector);

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input, textarea, select');
