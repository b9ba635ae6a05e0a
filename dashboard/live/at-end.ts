/** Asks for more when somebody has scrolled near the end. @param more resolves with whether there may be more still. @returns ends it */
export function atEnd(more: () => Promise<boolean>): () => void {
  let busy = false;
  const seen = (): void => {
    if (busy || document.documentElement.scrollHeight - scrollY - innerHeight > 2 * innerHeight) return;
    busy = true;
    void more().then((goesOn) => {
      busy = !goesOn;
    });
  };
  addEventListener('scroll', seen, { passive: true });
  seen();
  return () => removeEventListener('scroll', seen);
}
