import type { LoginPage } from '../../src/control/dashboard/page.ts';
import { Brand } from '../parts/brand.tsx';

/** Asks for a token, where there is no issuer of names. */
export const LoginView = ({ page: { to, error } }: { readonly page: LoginPage }) => (
  <main class="alone">
    <Brand />
    <h1>Sign in</h1>
    {error === null ? null : (
      <p class="notice bad" role="alert">
        {error.message} <span>{error.remedy}</span>
      </p>
    )}
    <form method="post" action="/login/token" class="stack">
      <input type="hidden" name="to" value={to} />
      <label for="token">Token</label>
      <input
        id="token"
        name="token"
        type="password"
        required
        autocomplete="off"
        spellcheck={false}
        placeholder="teal_…"
        aria-describedby="token-how"
      />
      <button class="primary">Sign in</button>
    </form>
    <p id="token-how" class="faint">
      On the machine of Teal <code>teal dashboard</code> gives a link that needs none. An admin makes a token
      with <code>teal token create</code>.
    </p>
  </main>
);
