import { useSignal } from '@preact/signals';
import type { ExplainBody, ExplainResult } from '../../src/control/contract.ts';
import { send, type Outcome } from '../live/ask.ts';
import { Explained } from './explained.tsx';

/** Where somebody would be sent, and why: the function that the router asks. */
export function Playground({ app, csrf }: { readonly app: string; readonly csrf: string | null }) {
  const outcome = useSignal<Outcome<ExplainResult> | null>(null);
  const ask = async (form: HTMLFormElement): Promise<void> => {
    const body = bodyOf(new FormData(form));
    outcome.value = await send<ExplainResult>(`/v1/apps/${encodeURIComponent(app)}/explain`, body, csrf);
  };
  return (
    <div class="playground scripted">
      <h3 id="playground">Who gets what, and why</h3>
      <form
        aria-labelledby="playground"
        onSubmit={(event) => {
          event.preventDefault();
          void ask(event.currentTarget);
        }}
      >
        <Field name="user" label="User" hint="anna" key_="p" />
        <Field name="groups" label="Groups" hint="staff, beta" />
        <Field name="ip" label="Address" hint="203.0.113.70" />
        <Field name="country" label="Country" hint="AT" />
        <label class="wide">
          <span>Headers and cookies, one a line</span>
          <textarea
            name="headers"
            rows={2}
            placeholder={'x-plan: gold\ncookie: beta=yes'}
            spellcheck={false}
          />
        </label>
        <button class="primary">Explain</button>
      </form>
      <div aria-live="polite">
        {outcome.value === null ? null : outcome.value.ok ? (
          <Explained result={outcome.value.value} />
        ) : (
          <p class="notice bad">
            {outcome.value.refusal.message} <span>{outcome.value.refusal.remedy}</span>
          </p>
        )}
      </div>
    </div>
  );
}

const Field = ({
  name,
  label,
  hint,
  key_,
}: {
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  readonly key_?: string;
}) => (
  <label>
    <span>{label}</span>
    <input
      name={name}
      type="text"
      placeholder={hint}
      autocomplete="off"
      spellcheck={false}
      {...(key_ === undefined ? {} : { 'data-key': key_ })}
    />
  </label>
);

/** Only what was filled in: what is left out is not known of somebody. */
function bodyOf(form: FormData): ExplainBody {
  const text = (name: string): string => {
    const value = form.get(name);
    return typeof value === 'string' ? value.trim() : '';
  };
  const lines = text('headers')
    .split('\n')
    .map((line): [string, string] => [
      line.slice(0, line.indexOf(':')).trim().toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ])
    .filter(([name]) => name !== '');
  const headers = lines.filter(([name]) => name !== 'cookie');
  const cookies = lines
    .filter(([name]) => name === 'cookie')
    .flatMap(([, value]) => value.split(';'))
    .map((pair): [string, string] => [
      pair.slice(0, pair.indexOf('=')).trim(),
      pair.slice(pair.indexOf('=') + 1).trim(),
    ])
    .filter(([name]) => name !== '');
  const groups = text('groups')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  return {
    ...(text('user') === '' ? {} : { user: text('user') }),
    ...(text('ip') === '' ? {} : { ip: text('ip') }),
    ...(text('country') === '' ? {} : { country: text('country').toUpperCase() }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
    ...(cookies.length === 0 ? {} : { cookies: Object.fromEntries(cookies) }),
  };
}
