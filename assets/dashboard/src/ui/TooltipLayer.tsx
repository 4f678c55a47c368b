// One tooltip for the whole page. It shows the absolute time of a `<time>`,
// or the `data-tip` text of a control, without a tab stop per cell.
import { useEffect, useState } from 'react';
import { formatAbsolute } from '../lib/time';
import './overlay.css';

const SHOW_AFTER_MS = 350;

interface Tip {
  text: string;
  left: number;
  top: number;
  below: boolean;
}

function tipOf(target: EventTarget | null): { element: Element; text: string } | null {
  const element = target instanceof Element ? target.closest('time[datetime], [data-tip]') : null;
  if (!element) return null;
  const given = element.getAttribute('data-tip');
  const moment = element.getAttribute('datetime');
  const text = given ?? (moment ? formatAbsolute(Date.parse(moment)) : '');
  return text ? { element, text } : null;
}

export function TooltipLayer() {
  const [tip, setTip] = useState<Tip | null>(null);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (event: Event) => {
      clearTimeout(timer);
      const found = tipOf(event.target);
      if (!found) return setTip(null);
      timer = setTimeout(() => {
        const box = found.element.getBoundingClientRect();
        const below = box.top < 60;
        setTip({ text: found.text, left: box.left + box.width / 2, top: below ? box.bottom + 6 : box.top - 6, below });
      }, SHOW_AFTER_MS);
    };
    const hide = () => {
      clearTimeout(timer);
      setTip(null);
    };
    const hideOnEscape = (event: KeyboardEvent) => event.key === 'Escape' && hide();
    const showOnKeyboardFocus = (event: Event) => {
      if (event.target instanceof Element && event.target.matches(':focus-visible')) show(event);
    };
    document.addEventListener('pointerover', show);
    document.addEventListener('pointerdown', hide);
    document.addEventListener('focusin', showOnKeyboardFocus);
    document.addEventListener('focusout', hide);
    document.addEventListener('scroll', hide, true);
    document.addEventListener('keydown', hideOnEscape);
    return () => {
      hide();
      document.removeEventListener('pointerover', show);
      document.removeEventListener('pointerdown', hide);
      document.removeEventListener('focusin', showOnKeyboardFocus);
      document.removeEventListener('focusout', hide);
      document.removeEventListener('scroll', hide, true);
      document.removeEventListener('keydown', hideOnEscape);
    };
  }, []);

  if (!tip) return null;
  const left = Math.min(Math.max(tip.left, 90), innerWidth - 90);
  return (
    <div role="tooltip" className={tip.below ? 'tooltip tooltip-below' : 'tooltip'} style={{ left, top: tip.top }}>
      {tip.text}
    </div>
  );
}
