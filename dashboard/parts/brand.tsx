/** The two environments, and the colour between them. */
export const Brand = () => (
  <a class="brand" href="/" data-go="a" aria-label="Teal: all apps">
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <path d="M16 3a13 13 0 0 0 0 26z" class="fill-blue" />
      <path d="M16 3a13 13 0 0 1 0 26z" class="fill-green" />
    </svg>
    <span>Teal</span>
  </a>
);
