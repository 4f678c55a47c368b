// Runs before the first paint, so that the page never flashes in the wrong
// theme or density. src/lib/preferences.ts writes what is read here.
(function () {
  var stored = {};
  try {
    stored = JSON.parse(localStorage.getItem('pganalytics.preferences') || '{}');
  } catch {
    // Storage may be blocked or damaged: the system's theme is used.
  }
  var dark = stored.theme === 'dark' || (stored.theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  document.documentElement.dataset.density = stored.density === 'comfortable' ? 'comfortable' : 'compact';
})();
