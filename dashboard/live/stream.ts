import type { EventView } from '../../src/control/contract.ts';
import { lost } from './ask.ts';

/** What happens, as it happens; the browser resumes by itself where it was. @returns ends it */
export function follow(app: string | null, told: (event: EventView | null) => void): () => void {
  const source = new EventSource(`/v1/events/stream${app === null ? '' : `?app=${encodeURIComponent(app)}`}`);
  let broken = false;
  source.onmessage = ({ data }) => told(JSON.parse(String(data)) as EventView);
  // Events are gone that would have come: all there is to see is looked at again.
  source.addEventListener('gap', () => told(null));
  source.onopen = () => {
    if (broken) told(null);
    broken = false;
  };
  source.onerror = () => {
    broken = true;
    lost();
  };
  return () => source.close();
}
