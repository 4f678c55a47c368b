import { createElement, useEffect, useState, type ComponentType, type ReactNode } from 'react';
import { messages } from '../lib/messages';
import { toast } from './toasts';

const t = messages({ notLoaded: 'Could not load what opens here: the server did not answer' });

/**
 * What opens over the page, and comes when it is first opened. If it does not
 * come, that is said, the page stays as it is, and the next press asks again.
 */
export function onDemand<Props extends { onClose: () => void }>(load: () => Promise<{ default: ComponentType<Props> }>) {
  let surface: ComponentType<Props> | undefined;
  return function OnDemand(props: Props): ReactNode {
    const [, setLoaded] = useState(surface !== undefined);
    useEffect(() => {
      if (surface) return;
      let left = false;
      const show = (module: { default: ComponentType<Props> }) => {
        surface = module.default;
        setLoaded(true);
      };
      const giveUp = () => {
        if (left) return;
        toast(t('notLoaded'), { failure: true });
        props.onClose();
      };
      void load().then(show, giveUp);
      return () => {
        left = true;
      };
      // Once: what it closes is what it was opened for.
    }, []);
    return surface ? createElement(surface, props) : null;
  };
}
