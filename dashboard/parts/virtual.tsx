import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** More rows than a tall screen has. */
const firstRows = 60;
/** Above and below what is seen, so that scrolling shows no gaps. */
const spareRows = 6;

interface Shown {
  readonly from: number;
  readonly to: number;
  readonly columns: number;
}

/**
 * A long list of rows of one height, of which only those near the window are in the page. On the server, and until it is measured,
 * the first ones are.
 */
export function Virtual<T>({
  items,
  height,
  label,
  row,
}: {
  readonly items: readonly T[];
  /** Of a row, with the space below it, in pixels. */
  readonly height: number;
  readonly label: string;
  readonly row: (item: T) => ComponentChildren;
}) {
  const list = useRef<HTMLUListElement>(null);
  const shown = useShown(list, { height, many: items.length });
  const rows = Math.ceil(items.length / shown.columns);
  const to = Math.min(rows, shown.to);
  // A list that has become shorter is shown to its end.
  const from = Math.max(0, Math.min(shown.from, rows - 1));
  const above = from * height;
  const below = (rows - to) * height;
  return (
    <ul
      class="virtual"
      aria-label={label}
      ref={list}
      {...(above + below === 0 ? {} : { style: { paddingTop: `${above}px`, paddingBottom: `${below}px` } })}
    >
      {items.slice(from * shown.columns, to * shown.columns).map(row)}
    </ul>
  );
}

function useShown(
  list: RefObject<HTMLUListElement | null>,
  { height, many }: { readonly height: number; readonly many: number },
): Shown {
  const [shown, set] = useState<Shown>({ from: 0, to: firstRows, columns: 1 });
  useEffect(() => {
    const measure = (): void => {
      if (list.current === null) return;
      const box = list.current.getBoundingClientRect();
      const columns = columnsOf(list.current);
      const from = Math.max(0, Math.floor(-box.top / height) - spareRows);
      const to = Math.ceil((innerHeight - box.top) / height) + spareRows;
      set((before) =>
        before.from === from && before.to === to && before.columns === columns
          ? before
          : { from, to, columns },
      );
    };
    measure();
    addEventListener('scroll', measure, { passive: true });
    addEventListener('resize', measure);
    return () => {
      removeEventListener('scroll', measure);
      removeEventListener('resize', measure);
    };
  }, [height, many]);
  return shown;
}

/** As the style sheet has laid them out. */
const columnsOf = (list: HTMLElement): number => {
  const { display, gridTemplateColumns } = getComputedStyle(list);
  return display === 'grid' ? Math.max(1, gridTemplateColumns.split(' ').length) : 1;
};
