import type { Ref } from 'react';
import type { FieldErrors } from 'react-hook-form';
import { isField, LABELS, type Values } from './form';
import { t } from './strings';

interface ProblemSummaryProps {
  ref: Ref<HTMLDivElement>;
  text: string;
  errors: FieldErrors<Values>;
}

/** What the server refused, with a link to each field at fault. */
export function ProblemSummary({ ref, text, errors }: ProblemSummaryProps) {
  const fields = Object.keys(errors).filter(isField);
  return (
    <div ref={ref} role="alert" tabIndex={-1} className="problem-summary" aria-label={t('problem')}>
      <h2>{t('problem')}</h2>
      {fields.length === 0 && <p>{text}</p>}
      <ul>
        {fields.map((field) => (
          <li key={field}>
            <a
              href={`#field-${field}`}
              onClick={(event) => {
                event.preventDefault();
                document.getElementById(`field-${field}`)?.focus();
              }}
            >
              {LABELS[field]}: {errors[field]?.message}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}
