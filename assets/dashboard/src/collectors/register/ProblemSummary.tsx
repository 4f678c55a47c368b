import type { FieldErrors } from 'react-hook-form';
import { Refusal } from '../../ui/Refusal';
import { isField, LABELS, type Values } from './form';

/** What the server refused, with a link to each field at fault. */
export function ProblemSummary({ text, errors }: { text: string; errors: FieldErrors<Values> }) {
  const fields = Object.keys(errors).filter(isField);
  if (fields.length === 0) return <Refusal text={text} />;
  return (
    <Refusal text={text}>
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
    </Refusal>
  );
}
