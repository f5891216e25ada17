/**
 * Runs in the sandboxed frame of the evaluation report, under a policy of its own: the report brings its styles along, which the page
 * itself takes from nobody. Says that it is ready, and shows the report that it is handed.
 */
addEventListener('message', (event) => {
  if (event.source !== parent || typeof event.data !== 'string') return;
  const report = new DOMParser().parseFromString(event.data, 'text/html');
  document.documentElement.lang = report.documentElement.lang || 'en';
  document.title = report.title;
  document.head.append(...report.head.querySelectorAll('style'));
  document.body.replaceChildren(...report.body.childNodes);
});
parent.postMessage('ready', '*');
