import type { TealError } from '../../errors.ts';

const signs: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => signs[sign] ?? '');

/** Nothing but text: no script, no style, nothing from elsewhere. */
function page(title: string, body: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>${head}</head><body><h1>${escaped(title)}</h1>${body}</body></html>`;
}

/** Goes on by itself. @param to a path of ours */
export function signedInPage(actor: string, to: string): string {
  const link = escaped(to);
  return page(
    'Signed in to Teal',
    `<p>You are ${escaped(actor)}. <a href="${link}">Go on</a></p>`,
    `<meta http-equiv="refresh" content="0; url=${link}">`,
  );
}

/** Asks for a token, where there is no other page that does. */
export function tokenPage(to: string, error: TealError | null): string {
  const told = error === null ? '' : `<p role="alert">${escaped(error.message)}</p>`;
  return page(
    'Sign in to Teal',
    `${told}<form method="post" action="/login/token"><input type="hidden" name="to" value="${escaped(to)}"><label>Token <input name="token" type="password" required autocomplete="off"></label> <button>Sign in</button></form>`,
  );
}

export function failedPage({ message, remedy, code }: TealError): string {
  return page(
    'Not signed in',
    `<p>${escaped(message)}</p><p>${escaped(remedy)}</p><p><small>${code}</small></p>`,
  );
}
