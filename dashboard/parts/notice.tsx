import { told } from '../live/told.ts';

/** What came of the last thing that was done here; it stays until the next, or until it is put away. */
export function Notice() {
  const { value } = told;
  return (
    <div class="told" role="status" aria-live="polite">
      {value === null ? null : (
        <p class={`notice ${value.ok ? 'good' : 'bad'}`}>
          {value.ok ? (
            value.says
          ) : (
            <>
              {value.refusal.message} <span>{value.refusal.remedy}</span>
            </>
          )}
          <button class="quiet" aria-label="Put away" onClick={() => (told.value = null)}>
            ×
          </button>
        </p>
      )}
    </div>
  );
}
