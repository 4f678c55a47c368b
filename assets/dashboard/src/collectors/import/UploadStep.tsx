import { useEffect, useId, useState, type FormEvent } from 'react';
import { formatBytes } from '../../lib/format';
import { Button } from '../../ui/Button';
import { TextAreaField, TextField } from '../../ui/Field';
import { Icon } from '../../ui/Icon';
import { templateCsv } from './downloads';
import { readSheet, SheetError, type Sheet } from './sheet';
import { t } from './strings';

/** As much as the daemon takes. */
const MOST_BYTES = 16 * 1024 * 1024;

/** What is to be read; the text of a file is not put on the screen, as it holds passwords. */
export interface Source {
  file: { name: string; text: string } | null;
  pasted: string;
}

interface UploadStepProps {
  source: Source;
  onSource: (source: Source) => void;
  onRead: (sheet: Sheet) => void;
}

export function UploadStep({ source, onSource, onRead }: UploadStepProps) {
  const [problem, setProblem] = useState<string>();
  const id = useId();
  const faulty = `${id}-${source.file ? 'file' : 'paste'}`;

  const take = async (file: File | undefined) => {
    setProblem(undefined);
    if (!file) return;
    if (file.size > MOST_BYTES) return setProblem(t('tooLarge', { most: formatBytes(MOST_BYTES), size: formatBytes(file.size) }));
    try {
      onSource({ file: { name: file.name, text: await file.text() }, pasted: '' });
    } catch (error) {
      setProblem(t('unreadable', { why: error instanceof Error ? error.message : String(error) }));
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    try {
      onRead(readSheet(source.file?.text ?? source.pasted));
    } catch (error) {
      if (!(error instanceof SheetError)) throw error;
      setProblem(error.message);
      document.getElementById(faulty)?.focus();
    }
  };
  return (
    <form className="card import-card" noValidate onSubmit={submit}>
      <TextField
        id={`${id}-file`}
        label={t('file')}
        type="file"
        accept=".csv,.json,.txt,.tsv,text/csv,application/json"
        hint={source.file ? t('fileChosen', { name: source.file.name }) : t('fileHint')}
        error={source.file ? problem : undefined}
        onChange={(event) => void take(event.target.files?.[0])}
      />
      <TextAreaField
        id={`${id}-paste`}
        label={t('paste')}
        hint={t('pasteHint')}
        rows={8}
        spellCheck={false}
        autoComplete="off"
        className="import-paste"
        value={source.pasted}
        error={source.file ? undefined : problem}
        onChange={(event) => {
          setProblem(undefined);
          onSource({ file: null, pasted: event.target.value });
        }}
      />
      <div className="import-actions">
        <TemplateLink />
        <span className="grow" />
        <Button look="primary" type="submit">
          {t('continue')}
        </Button>
      </div>
    </form>
  );
}

function TemplateLink() {
  const [address, setAddress] = useState('');
  useEffect(() => {
    const url = URL.createObjectURL(new Blob([templateCsv()], { type: 'text/csv' }));
    setAddress(url);
    return () => URL.revokeObjectURL(url);
  }, []);
  return (
    <a href={address} download="collectors-template.csv" className="button">
      <Icon name="download" />
      {t('template')}
    </a>
  );
}
