import { LoadFailure } from '../ui/states';
import { problemText, requestId, type ApiError } from './problem';

interface FailedProps {
  /** What did not come, as "the groups". */
  what: string;
  error: ApiError | undefined;
  onRetry: () => unknown;
}

/** Says why an answer did not come, and asks again; nothing where there is no error. */
export function Failed({ what, error, onRetry }: FailedProps) {
  if (!error) return null;
  return <LoadFailure what={what} why={problemText(error)} requestId={requestId(error)} onRetry={() => void onRetry()} />;
}
