// Test connection inside the form: the outcome holds for the values that were
// tested, and any edit of the connection makes it void.
import { useEffect, useRef, useState } from 'react';
import type { UseFormReturn } from 'react-hook-form';
import { showFieldProblems } from '../../api/formProblems';
import { problemText } from '../../api/problem';
import { Icon } from '../../ui/Icon';
import { useTestConnectionMutation } from '../api';
import { connectionOf, CONNECTION_FIELDS, schema, type Checked, type Values } from './form';
import { t } from './strings';

export type Outcome =
  { kind: 'none' | 'testing' | 'void' | 'incomplete' } | { kind: 'ok'; version: string } | { kind: 'failed'; why: string };

type Form = UseFormReturn<Values, unknown, Checked>;

export function useFormConnectionTest(form: Form, onFailure: (why: string) => void) {
  const [test] = useTestConnectionMutation();
  const [outcome, setOutcome] = useState<Outcome>({ kind: 'none' });
  // Counts edits, so that an answer about older values is not shown.
  const edits = useRef(0);

  useEffect(() => {
    const watched: readonly string[] = CONNECTION_FIELDS;
    const subscription = form.watch((_, { name }) => {
      if (!name || !watched.includes(name)) return;
      edits.current += 1;
      setOutcome((old) => (old.kind === 'none' ? old : { kind: 'void' }));
    });
    return () => subscription.unsubscribe();
  }, [form]);

  const run = async () => {
    const complete = await form.trigger([...CONNECTION_FIELDS], { shouldFocus: true });
    const values = schema
      .pick({ type: true, host: true, port: true, database: true, username: true, password: true, ssl_mode: true, ssl_certificate: true })
      .safeParse(form.getValues());
    if (!complete || !values.success) return setOutcome({ kind: 'incomplete' });
    const tested = edits.current;
    setOutcome({ kind: 'testing' });
    const answer = await test(connectionOf(values.data as Checked));
    if (tested !== edits.current) return;
    if (!answer.error) return setOutcome({ kind: 'ok', version: answer.data.database_version });
    showFieldProblems(form, answer.error);
    setOutcome({ kind: 'failed', why: problemText(answer.error) });
    onFailure(problemText(answer.error));
  };
  return { outcome, isTesting: outcome.kind === 'testing', run };
}

function sentence(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'none':
      return '';
    case 'testing':
      return t('testing');
    case 'void':
      return t('testVoid');
    case 'incomplete':
      return t('testNeeds');
    case 'ok':
      return t('testOk', { version: outcome.version.replace(/^PostgreSQL\s+/, '') });
    case 'failed':
      return t('testFailed', { why: outcome.why });
  }
}

export function ConnectionTestStatus({ outcome }: { outcome: Outcome }) {
  return (
    <p role="status" aria-label={t('testStatus')} className={`test-outcome test-${outcome.kind}`}>
      {outcome.kind === 'ok' && <Icon name="online" />}
      {outcome.kind === 'failed' && <Icon name="error" />}
      {sentence(outcome)}
    </p>
  );
}
