import { copyText } from '../lib/copy';
import { messages } from '../lib/messages';
import { toast } from './toasts';

const t = messages({ copied: 'Copied', notCopied: 'Could not copy. Select the text and copy it yourself.' });

/** Copies a text, and says whether that worked. */
export async function copy(text: string): Promise<void> {
  const copied = await copyText(text);
  toast(t(copied ? 'copied' : 'notCopied'), { failure: !copied });
}
