import { problemText } from '../api/problem';
import { formatMilliseconds } from '../lib/format';
import { toast } from '../ui/toasts';
import { useTestStoredConnectionMutation } from './api';
import { t } from './strings';

/** Tests a registered collector's stored connection and says what came of it. */
export function useConnectionTest() {
  const [test, { isLoading }] = useTestStoredConnectionMutation();
  const run = async (id: string, name: string) => {
    const answer = await test(id);
    if (answer.error) return toast(t('testFailed', { name, why: problemText(answer.error) }), { failure: true });
    const { database_version: version, latency_ms: latency } = answer.data;
    toast(t('tested', { name, version, latency: formatMilliseconds(latency) }));
  };
  return { run, isTesting: isLoading };
}
