import { copyText } from '../../lib/copy';
import { toast } from '../../ui/toasts';
import { t } from './strings';

export async function copy(text: string): Promise<void> {
  const copied = await copyText(text);
  toast(t(copied ? 'copied' : 'notCopied'), { failure: !copied });
}
