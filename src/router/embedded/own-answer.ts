import type { Outcome } from '../access-line.ts';
import type { Admission } from './claim.ts';
import { retryAfter } from './group.ts';
import type { Waiter } from './wait-line.ts';
import type { Page } from './page.ts';

/** What we answer when a request is not forwarded. */
export function ownAnswer(
  admission: Exclude<Admission<Waiter>, { readonly kind: 'forward' | 'verify' }>,
  page: Pick<Page, 'requestId' | 'json'>,
): Page {
  switch (admission.kind) {
    case 'redirect': {
      const headers = `Location: ${admission.location}\r\nSet-Cookie: ${admission.cookie}\r\n`;
      return {
        ...page,
        status: 302,
        code: 'preview',
        says: `The preview is at ${admission.location}.`,
        headers,
      };
    }
    case 'no-endpoint': {
      const says = 'No instance of the app can take requests at the moment.';
      return { ...page, status: 503, code: 'no-endpoint', says, pages: admission.environment.pages };
    }
    case 'queue-full': {
      const says = 'Every instance of the app is busy, and as many requests wait as may.';
      const headers = retryAfter(admission.group);
      return { ...page, status: 503, code: 'queue-full', says, headers, pages: admission.environment.pages };
    }
    case 'refuse': {
      const { status, code, says, retryAfter: seconds } = admission.refusal;
      const headers = seconds === undefined ? '' : `Retry-After: ${seconds}\r\n`;
      const pages = admission.app === null ? {} : { pages: admission.app.pages };
      return { ...page, status, code, says, headers, ...pages };
    }
  }
}

/** How the access log tells an answer of ours. */
export function outcomeOf({ status, code }: Page): Outcome {
  if (status === 302 || status === 308) return 'redirected';
  if (code === 'client-left') return 'client-gone';
  return status < 500 || code === 'maintenance' || code === 'no-live-version' ? 'refused' : 'failed';
}
