import { messages } from '../../lib/messages';

export const t = messages({
  registered: 'Collector registered',
  registeredWhy: '{name} is known now. Start its agent with this token.',
  token: 'Collector token',
  once: 'This token is shown only once',
  onceWhy: '. It is kept here as a hash and cannot be read again. It is valid until {until}.',
  copyToken: 'Copy token',
  copySnippet: 'Copy snippet',
  copied: 'Copied',
  notCopied: 'Could not copy. Select the text and copy it yourself.',
  snippets: 'Install snippet',
  stored: 'I have stored the token',
  open: 'Open collector',
  heartbeat: 'First heartbeat',
  waiting: 'Waiting for first heartbeat',
  received: 'First heartbeat received',
  leave: 'Leave without storing the token?',
  leaveWhy: 'The token cannot be shown again. Without it a new one has to be made.',
  stay: 'Stay',
  leaveNow: 'Leave',
});
