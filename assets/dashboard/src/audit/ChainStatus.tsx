import { problemText } from '../api/problem';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { useVerifyChainQuery } from './api';
import { t } from './strings';

/** Whether every entry still follows from the one before, as the server computes it. */
export function ChainStatus() {
  const { data, error, isFetching, refetch } = useVerifyChainQuery(undefined, { refetchOnMountOrArgChange: true });
  const broken = data !== undefined && !data.verified;
  return (
    <div className="chain">
      <div role="status" aria-label={t('chain')} className={broken || error ? 'chain-status chain-broken' : 'chain-status'}>
        {data && !isFetching && <Icon name={broken ? 'error' : 'shield'} />}
        {isFetching ? t('verifying') : sentence()}
      </div>
      <Button busy={isFetching} onClick={() => void refetch()}>
        {t('verify')}
      </Button>
    </div>
  );

  function sentence(): string {
    if (error) return t('notVerified', { why: problemText(error) });
    if (!data) return '';
    return data.verified ? t('verified', { n: data.entries }) : t('broken', { entry: String(data.first_bad_entry) });
  }
}
