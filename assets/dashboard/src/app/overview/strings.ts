import { messages } from '../../lib/messages';

export const t = messages({
  title: 'Overview',
  filterByStatus: 'Filter by status',
  total: 'Total',
  attention: 'Needs attention',
  calm: 'Nothing needs attention.',
  more: { one: '{n} more collector needs attention', other: '{n} more collectors need attention' },
  recent: 'Recent activity',
  all: 'Open the audit log',
  nothing: 'Nothing has happened yet',
  empty: 'No collectors yet',
  emptyWhy: 'Register the first database of your fleet. Its agent needs the token that you get there.',
  emptyWhyViewer: 'An administrator registers collectors; they then appear here by themselves.',
  register: 'Register collector',
  theFleet: 'the fleet',
  theActivity: 'the activity',
});
