import type { FieldValues, Path, UseFormGetValues, UseFormSetError } from 'react-hook-form';
import { fieldProblems, problemCode, problemText, type ApiError } from './problem';

interface Form<Values extends FieldValues> {
  getValues: UseFormGetValues<Values>;
  setError: UseFormSetError<Values>;
}

/** Refusals that name a field by their code alone: the first of these that the form has. */
const FIELDS_OF_CODE: Record<string, string[]> = { name_taken: ['name', 'username'], wrong_setup_code: ['code'] };

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
  const implied = FIELDS_OF_CODE[problemCode(error) ?? '']?.find((field) => field in known);
  const found: { field: string; message: string }[] = fieldProblems(error).filter(({ field }) => field in names || field in known);
  if (implied) found.push({ field: implied, message: problemText(error) });
  for (const { field, message } of found) setError(names[field] ?? (field as Path<Values>), { type: 'server', message });
  return found.length > 0;
}
