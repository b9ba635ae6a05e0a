import { TZDate } from '@date-fns/tz';
import type { WindowPolicy, Windows } from '../config/release.ts';

/** Holidays may follow each other; after this many days without an opening there is none. */
const furthestDays = 400;

/**
 * When steps may advance, at or after a moment: that moment itself inside a window, else the next opening; null when
 * none comes within a year. A window belongs to the day it begins on, also where it ends after midnight. Times that the
 * clock skips or repeats (daylight saving) are as the IANA database says.
 */
export function opensAt({ open, holidays }: Windows, at: number): number | null {
  if (open.length === 0) return at;
  for (let day = -1; day <= furthestDays; day++) {
    const next = open.map((window) => onDay(window, holidays, { at, day })).filter((start) => start !== null);
    if (next.length > 0) return Math.max(at, Math.min(...next));
  }
  return null;
}

export const isOpen = (windows: Windows, at: number): boolean => opensAt(windows, at) === at;

/** When the window of the day that lies so many days after the moment begins; null when there is none that ends later. */
function onDay(
  { days, fromMinute, toMinute, zone }: WindowPolicy,
  holidays: readonly string[],
  { at, day }: { readonly at: number; readonly day: number },
): number | null {
  const today = new TZDate(at, zone);
  const [year, month, date] = [today.getFullYear(), today.getMonth(), today.getDate() + day];
  const start = new TZDate(year, month, date, 0, fromMinute, zone);
  const ends = new TZDate(year, month, toMinute > fromMinute ? date : date + 1, 0, toMinute, zone);
  // Noon is on that day whatever the clock skips.
  const noon = new TZDate(year, month, date, 12, zone);
  if (!days.includes(noon.getDay()) || holidays.includes(isoDate(noon))) return null;
  return ends.getTime() > at ? start.getTime() : null;
}

const isoDate = (day: TZDate): string =>
  [day.getFullYear(), day.getMonth() + 1, day.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');
