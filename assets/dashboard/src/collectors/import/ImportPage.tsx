// Many collectors from a file: upload, say which column holds what, look at
// the dry run, import. What is entered stays in this page until then.
import { useEffect, useRef, useState } from 'react';
import { problemText } from '../../api/problem';
import { roleLabel } from '../../api/roles';
import { useMay } from '../../api/session';
import type { ImportReply } from '../../api/types';
import { usePageTitle } from '../../lib/hooks';
import { BackLink } from '../../ui/BackLink';
import { LeaveGuard } from '../../ui/LeaveGuard';
import { NoPermission } from '../../ui/states';
import { useImportCollectorsMutation } from './api';
import { guess, type Mapping } from './mapping';
import { MapStep } from './MapStep';
import { PreviewStep } from './PreviewStep';
import { ResultsStep } from './ResultsStep';
import { collectorsOf } from './rows';
import type { Sheet } from './sheet';
import { Steps, type Step } from './Steps';
import { t } from './strings';
import { UploadStep, type Source } from './UploadStep';
import './import.css';

export function ImportPage() {
  usePageTitle(t('title'));
  if (!useMay('administer')) return <NoPermission page={t('title')} role={roleLabel('admin')} />;
  return (
    <div className="import">
      <BackLink to="/collectors">{t('back')}</BackLink>
      <div className="page-head">
        <h1>{t('title')}</h1>
      </div>
      <Wizard />
    </div>
  );
}

const NOTHING: Source = { file: null, pasted: '' };

function Wizard() {
  const [step, setStep] = useState<Step>('upload');
  const [source, setSource] = useState<Source>(NOTHING);
  const [sheet, setSheet] = useState<Sheet>();
  const [mapping, setMapping] = useState<Mapping>();
  const [dryRun, setDryRun] = useState<ImportReply>();
  const [imported, setImported] = useState<ImportReply>();
  const [send, { isLoading, error, reset }] = useImportCollectorsMutation();

  const go = (next: Step) => {
    reset();
    setStep(next);
  };
  const read = (next: Sheet) => {
    setSheet(next);
    // Columns of the same names keep what was chosen for them.
    if (!sheet || sheet.columns.join('\n') !== next.columns.join('\n')) setMapping(guess(next.columns));
    go('map');
  };
  const run = async (dry_run: boolean) => {
    if (!sheet || !mapping) return;
    const answer = await send({ collectors: collectorsOf(sheet, mapping), dry_run });
    if (answer.error) return;
    if (dry_run) setDryRun(answer.data);
    else {
      setImported(answer.data);
      // The passwords are not needed any more.
      setSource(NOTHING);
    }
    setStep(dry_run ? 'preview' : 'results');
  };
  const startAgain = () => {
    setSheet(undefined);
    setMapping(undefined);
    setDryRun(undefined);
    setImported(undefined);
    setSource(NOTHING);
    go('upload');
  };
  const place = useFocusOnNewStep(step);
  const problem = error && t('failed', { why: problemText(error) });
  const isEntered = source.file !== null || source.pasted !== '';

  return (
    <>
      <Steps current={step} />
      <div className="import-step" tabIndex={-1} ref={place}>
        {step === 'upload' && <UploadStep source={source} onSource={setSource} onRead={read} />}
        {step === 'map' && sheet && mapping && (
          <MapStep
            sheet={sheet}
            mapping={mapping}
            onMapping={setMapping}
            busy={isLoading}
            problem={problem}
            onBack={() => go('upload')}
            onDryRun={() => void run(true)}
          />
        )}
        {step === 'preview' && sheet && mapping && dryRun && (
          <PreviewStep
            sheet={sheet}
            mapping={mapping}
            reply={dryRun}
            busy={isLoading}
            problem={problem}
            onBack={() => go('map')}
            onImport={() => void run(false)}
          />
        )}
        {step === 'results' && sheet && mapping && imported && (
          <ResultsStep sheet={sheet} mapping={mapping} reply={imported} onAgain={startAgain} />
        )}
      </div>
      {/* The results have a guard of their own, and a page can have one. */}
      {step !== 'results' && (
        <LeaveGuard when={isEntered} title={t('leave')} stay={t('stay')} leave={t('leaveNow')}>
          {t('leaveWhy')}
        </LeaveGuard>
      )}
    </>
  );
}

/** A new step takes the focus, and begins at its top. */
function useFocusOnNewStep(step: Step) {
  const place = useRef<HTMLDivElement>(null);
  const shown = useRef(step);
  useEffect(() => {
    if (shown.current === step) return;
    shown.current = step;
    place.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [step]);
  return place;
}
