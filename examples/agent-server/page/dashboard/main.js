// Puts the dashboard together: asks the server every second, and shows what it says.

import { element } from '../dom.js';
import { Notices } from '../notices.js';
import { Errors } from './errors.js';
import { Panel } from './panel.js';
import { Plots } from './plots.js';
import { Sessions } from './sessions.js';
import { milliseconds } from './format.js';
import * as api from './api.js';

const LIVE_MS = 1_000;
const SLOW_MS = 2_000;

const $ = id => document.getElementById(id);

const notices = new Notices($('notices'));
const panel = new Panel({ closed: id => (sessions.button(id) ?? document.body).focus(), failed: complain });
const sessions = new Sessions($('sessions'), $('no-sessions'), id => panel.open(id));
const errors = new Errors($('errors'), $('no-errors'), id => panel.open(id));
const plots = new Plots($('plots'));
const now = { open: '–', limit: '', talking: '–', turns: '–', p50: '–', p95: '–', errors: 0 };
let minutes = 5;

for (const button of $('spans').querySelectorAll('button')) {
  button.onclick = () => {
    minutes = Number(button.dataset.minutes);
    for (const other of $('spans').querySelectorAll('button')) other.setAttribute('aria-pressed', String(other === button));
    refreshSlow().catch(connected);
  };
}

async function refreshLive() {
  const listed = await api.sessions();
  sessions.show(listed);
  now.open = listed.length;
  now.talking = listed.filter(session => session.state === 'speaking').length;
  await panel.refresh();
}

async function refreshSlow() {
  const [history, { errors: failures }, places] = await Promise.all([
    api.history(minutes), api.errorsAfter(errors.newest), api.places(),
  ]);
  plots.show(history);
  errors.add(failures);
  const { total } = history.series;
  Object.assign(now, { limit: places.limit, turns: total.turns, p50: milliseconds(total.p50), p95: milliseconds(total.p95), errors: errors.newest });
  showNow(places.status);
}

function showNow(status) {
  const figures = [
    ['Sessions', String(now.open), ` of ${now.limit}`],
    ['Speaking now', String(now.talking), ''],
    [`Turns in ${minutes} min`, String(now.turns), ''],
    ['Half within', now.p50, ''],
    ['19 of 20 within', now.p95, ''],
    ['Errors', String(now.errors), ''],
  ];
  $('now').replaceChildren(...figures.map(([name, value, rest]) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, value, element('small', {}, rest)))));
  if (status === 'ready') notices.hide('status');
  else notices.show('status', { kind: 'info', title: status === 'draining' ? 'The server is shutting down.' : 'The server takes no further session for now.' });
}

/** What was asked for was not done. */
function complain(error) {
  notices.show('refused', { title: 'The server did not do that.', text: error.message });
}

function connected(error) {
  document.body.dataset.connection = error ? 'waiting' : 'open';
  $('link').textContent = error ? 'Not connected' : 'Live';
  if (!error) return notices.hide('connection');
  if (error.status === 401) {
    return notices.show('connection', { title: 'You are not logged in any more.', actions: [['Log in', () => location.assign('/login')]] });
  }
  notices.show('connection', { title: error.status === 403 ? 'The server does not show this to you.' : 'No news from the server.', text: error.message });
}

/** Asks again and again, one question at a time, and not while nobody looks. */
async function keepAsking(ask, every) {
  let lost = false;
  for (;;) {
    if (!document.hidden) {
      try {
        await ask();
        if (lost) errors.clear();
        lost = false;
        connected(null);
      } catch (error) {
        lost ||= error.status === 0;
        connected(error);
      }
    }
    await new Promise(resolve => setTimeout(resolve, every));
  }
}

keepAsking(refreshLive, LIVE_MS);
keepAsking(refreshSlow, SLOW_MS);
document.addEventListener('visibilitychange', () => !document.hidden && refreshLive().catch(connected));
