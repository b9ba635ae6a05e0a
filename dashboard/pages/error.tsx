import type { ErrorPage } from '../../src/control/dashboard/page.ts';
import { Brand } from '../parts/brand.tsx';

/** What could not be shown, and what to do. */
export const ErrorView = ({ page }: { readonly page: ErrorPage }) => (
  <main class="alone">
    <Brand />
    <h1>{page.message}</h1>
    <p>{page.remedy}</p>
    <p>
      <a href="/">All apps</a> <code class="faint">{page.code}</code>
    </p>
  </main>
);
