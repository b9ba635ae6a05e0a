import { signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';

const key = 'teal-theme';

/** As somebody chose it; `auto` is as their system has it. */
export const theme = signal<Theme>('auto');

/** As it was chosen in this browser before. */
export function applyTheme(): void {
  const kept = localStorage.getItem(key);
  if (kept === 'light' || kept === 'dark') theme.value = kept;
  show();
}

/** From auto over light to dark, and around. */
export function nextTheme(): void {
  theme.value = theme.value === 'auto' ? 'light' : theme.value === 'light' ? 'dark' : 'auto';
  localStorage.setItem(key, theme.value);
  show();
}

function show(): void {
  if (theme.value === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme.value;
}
