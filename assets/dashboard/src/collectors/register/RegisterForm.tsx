import { zodResolver } from '@hookform/resolvers/zod';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { showFieldProblems } from '../../api/formProblems';
import { problemText } from '../../api/problem';
import type { RegisteredCollector } from '../../api/types';
import { Button } from '../../ui/Button';
import { LeaveGuard } from '../../ui/LeaveGuard';
import { useRegisterCollectorMutation } from '../api';
import { ConnectionTestStatus, useFormConnectionTest } from './connectionTest';
import { AdvancedFields, CollectorFields, ConnectionFields } from './fieldsets';
import { DEFAULTS, schema, toNewCollector, type Checked, type Values } from './form';
import { ProblemSummary } from './ProblemSummary';
import { t } from './strings';

interface RegisterFormProps {
  onRegistered: (collector: RegisteredCollector) => void;
  onCancel: () => void;
}

const ADVANCED = ['collection_interval', 'query_limit', 'tags'] as const;

export function RegisterForm({ onRegistered, onCancel }: RegisterFormProps) {
  const form = useForm<Values, unknown, Checked>({ resolver: zodResolver(schema), defaultValues: DEFAULTS, mode: 'onTouched' });
  const [register, { isLoading }] = useRegisterCollectorMutation();
  const [advanced, setAdvanced] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const test = useFormConnectionTest(form, setFailure);
  const { isDirty } = form.formState;

  const submit = form.handleSubmit(
    async (values) => {
      setFailure(null);
      const answer = await register(toNewCollector(values));
      if (!answer.error) return onRegistered(answer.data);
      showFieldProblems(form, answer.error);
      setFailure(problemText(answer.error));
    },
    (errors) => {
      setFailure(null);
      if (ADVANCED.some((name) => errors[name])) setAdvanced(true);
    },
  );

  const runTest = () => {
    setFailure(null);
    void test.run();
  };

  return (
    <form className="register-form" noValidate onSubmit={(event) => void submit(event)}>
      <p className="muted">{t('intro')}</p>
      {failure !== null && <ProblemSummary text={failure} errors={form.formState.errors} />}
      <CollectorFields form={form} />
      <ConnectionFields form={form}>
        <div className="register-test">
          <Button icon="plugTest" busy={test.isTesting} onClick={runTest}>
            {t('test')}
          </Button>
          <ConnectionTestStatus outcome={test.outcome} />
        </div>
      </ConnectionFields>
      <AdvancedFields form={form} open={advanced} onToggle={() => setAdvanced(!advanced)} />
      <div className="register-actions">
        <Button onClick={onCancel}>{t('cancel')}</Button>
        <Button look="primary" type="submit" busy={isLoading}>
          {t('submit')}
        </Button>
      </div>
      <LeaveGuard when={isDirty} title={t('leave')} stay={t('stay')} leave={t('leaveNow')}>
        {t('leaveWhy')}
      </LeaveGuard>
    </form>
  );
}
