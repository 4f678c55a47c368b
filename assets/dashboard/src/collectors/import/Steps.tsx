import { Icon } from '../../ui/Icon';
import { t } from './strings';

const STEPS = ['upload', 'map', 'preview', 'results'] as const;
export type Step = (typeof STEPS)[number];

export function Steps({ current }: { current: Step }) {
  const at = STEPS.indexOf(current);
  return (
    <ol className="import-steps" aria-label={t('steps')}>
      {STEPS.map((step, index) => (
        <li key={step} aria-current={step === current ? 'step' : undefined} className={index < at ? 'step-done' : undefined}>
          <span className="step-mark" aria-hidden="true">
            {index < at ? <Icon name="check" size={12} /> : index + 1}
          </span>
          {t(step)}
        </li>
      ))}
    </ol>
  );
}
