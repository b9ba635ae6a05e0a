import { nextTheme, theme } from '../live/theme.ts';

const signs = { auto: '◐', light: '○', dark: '●' } as const;

/** Light, dark, or as the system has it. */
export const ThemeButton = () => (
  <button
    class="quiet scripted"
    onClick={nextTheme}
    aria-label={`Colours: ${theme.value}`}
    title={`Colours: ${theme.value}`}
  >
    {signs[theme.value]}
  </button>
);
