import type { FieldValues, Path, UseFormGetValues, UseFormSetError } from 'react-hook-form';
import { fieldProblems, type ApiError } from './problem';

interface Form<Values extends FieldValues> {
  getValues: UseFormGetValues<Values>;
  setError: UseFormSetError<Values>;
}

/**
 * Puts what the server says of single fields on those that the form has, and answers whether there were any.
 * `names` holds the fields that the form calls otherwise.
 */
export function showFieldProblems<Values extends FieldValues>(
  { getValues, setError }: Form<Values>,
  error: ApiError | undefined,
  names: Record<string, Path<Values>> = {},
): boolean {
  const known = getValues();
  const found = fieldProblems(error).filter(({ field }) => field in names || field in known);
  for (const { field, message } of found) setError(names[field] ?? (field as Path<Values>), { type: 'server', message });
  return found.length > 0;
}
