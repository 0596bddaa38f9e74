// Puts the page together: session, microphone, loudspeaker, and what they show.

import { Session, serverUrl, sessionToken } from './session.js';
import { Microphone } from './microphone.js';
import { Speaker } from './speaker.js';
import { Ducking } from './ducking.js';
import { Devices } from './devices.js';
import { Transcript } from './transcript.js';
import { Waterfall } from './waterfall.js';
import { Levels } from './levels.js';
import { Notices } from './notices.js';
import { Controls } from './controls.js';
import { fillCard } from './card.js';
import { element } from './dom.js';
import { farewell, microphoneProblem, serverError, waiting } from './words.js';

const $ = id => document.getElementById(id);
const phone = matchMedia('(max-width: 899px)');

const notices = new Notices($('notices'));
const transcript = new Transcript($('transcript'), $('scroll'), $('welcome'));
const waterfall = new Waterfall({
  turns: $('turns'), empty: $('timing-empty'), figures: $('figures'), legend: $('legend'), lastTotal: $('last-total'),
}, turn => transcript.said(turn));
const controls = new Controls({ talk: toggleTalk, say, interrupt, end: () => session.end() });

const speaker = new Speaker({ played: (turn, samples) => session.played(turn, samples) });
const ducking = new Ducking(down => speaker.duck(down));
const session = new Session(address(), sessionToken(location), { status: showStatus, ready: begin, frame: receive, audio: play });
const microphone = new Microphone(session.inputRate, {
  frame(pcm, rms, voice) {
    ducking.frame(voice, speaker.playing);
    session.sendAudio(pcm);
    levels.microphone(rms);
  },
  lost: microphoneLost,
  muted: muted => muted
    ? notices.show('microphone', { kind: 'info', title: 'The microphone is muted.', text: 'The system or the headset muted it; unmute it there.' })
    : notices.hide('microphone'),
});
const levels = new Levels($('levels'), $('meter'), $('talk'), () => speaker.analyser);
const devices = new Devices($('audio'), { speakers: Speaker.canChoose }, {
  microphone: () => { if (microphone.on) startMicrophone(); },
  speaker: id => speaker.choose(id).catch(() => notices.show('speaker', { title: 'That speaker did not start.', text: 'Choose another one.' })),
  changed() {},
});

// For tests and the curious: what the loudspeaker is playing right now, and how often it was turned down.
window.voiceAgent = { get analyser() { return speaker.analyser; }, get ducked() { return ducking.times; } };

if (!new URLSearchParams(location.search).has('server')) fillCard($('card'), $('card-groups'), say);
// A closed tab should not hold its place on the server until it is given up for lost.
addEventListener('pagehide', event => { if (!event.persisted && controls.connection !== 'closed') session.end(); });
addEventListener('online', () => controls.connection === 'waiting' && session.connect());
// Some systems suspend audio behind the page's back; the next gesture brings it back.
addEventListener('pointerdown', () => speaker.blocked && speaker.unlock().catch(() => {}));

function address() {
  try {
    return serverUrl(location);
  } catch {
    notices.show('server', { title: 'The address after “?server=” is not one of a server.', text: 'It looks like wss://example.com. Using this page’s own server.' });
    return serverUrl({ search: '', origin: location.origin });
  }
}

function unlockSpeaker() {
  speaker.unlock().catch(() => false).then(ok => {
    if (!ok) notices.show('speaker', { kind: 'info', title: 'The browser keeps sound from this page.', text: 'Answers appear as text. For sound, open the page over https or on localhost.' });
  });
}

function toggleTalk() {
  if (controls.microphone !== 'off') return stopMicrophone();
  unlockSpeaker();
  session.connect();
  startMicrophone();
}

async function startMicrophone() {
  controls.set({ microphone: 'starting' });
  notices.hide('microphone');
  try {
    if (!await microphone.start(devices.microphone)) return;
    controls.set({ microphone: 'on' });
    devices.refresh();
  } catch (error) {
    controls.set({ microphone: 'off' });
    notices.show('microphone', microphoneProblem(error));
  }
}

function stopMicrophone() {
  microphone.stop();
  ducking.stop();
  levels.microphone(null);
  controls.set({ microphone: 'off', hearing: false });
}

async function microphoneLost() {
  stopMicrophone();
  await devices.refresh();
  notices.show('microphone', {
    title: 'The microphone was unplugged.',
    text: 'Plug it in again or choose another one, and go on where you were.',
    actions: [['Go on', toggleTalk]],
  });
}

function say(text) {
  unlockSpeaker();
  showUser();
  transcript.typed(text);
  session.sendText(text);
}

function interrupt() {
  if (controls.state === 'listening' && !speaker.playing) return false;
  session.interrupt();
  return true;
}

function begin(ready, kind, waiting) {
  notices.hide('connection');
  notices.hide('farewell');
  speaker.rate = ready.output_rate;
  if (kind !== 'resumed') speaker.reset();
  ducking.stop();
  if (kind === 'new') transcript.divide('New conversation', waiting);
  const named = Object.entries(ready.providers ?? {}).filter(([, name]) => name);
  $('providers').hidden = !named.length;
  $('providers').replaceChildren(...named.map(([stage, name]) =>
    element('div', {}, element('dt', {}, stage.toUpperCase()), element('dd', {}, String(name)))));
  controls.set({ state: 'listening', hearing: false });
}

function play(pcm) {
  speaker.audio(pcm);
  levels.wake();
}

function showUser() {
  if (phone.matches) $('card').open = false;
}

function receive(frame) {
  switch (frame.type) {
    case 'state': return controls.set({ state: frame.state });
    case 'speech': return controls.set({ hearing: frame.started });
    case 'transcript':
      if (frame.text) showUser();
      return transcript.user(frame.turn, frame.text, frame.final);
    case 'reply':
      speaker.begin(frame.turn);
      return transcript.reply(frame.turn, frame.text);
    case 'pause':
      speaker.pause();
      return ducking.paused();
    case 'resume':
      ducking.resumed();
      return speaker.resume();
    case 'clear':
      speaker.clear(frame.turn);
      return ducking.cleared();
    case 'reply_end': return transcript.replyEnd(frame.turn, frame.interrupted, frame.heard);
    case 'metrics':
      waterfall.add(frame);
      return transcript.total(frame.turn, frame.total_ms);
    case 'tool': return transcript.tool(frame.turn, frame);
    case 'error': return notices.show(frame.code ?? 'error', serverError(frame));
  }
}

let waitsFor;

function showStatus({ connection, attempt, retryAt, reason }) {
  controls.set({ connection, retryAt, ...(connection !== 'open' && { state: 'idle', hearing: false }) });
  if (connection === 'waiting' && (attempt === 1 || reason || reason !== waitsFor)) {
    waitsFor = reason;
    const notice = waiting(reason, Math.ceil((retryAt - performance.now()) / 1000));
    const restarting = reason === 'drain' || reason === 'draining';
    notices.show('connection', { ...notice, actions: restarting ? [] : [['Try now', () => session.connect()]] });
  }
  if (connection !== 'closed') return;
  stopMicrophone();
  notices.hide('connection');
  notices.show('farewell', { ...farewell(reason), actions: [['Start a new one', toggleTalk]] });
}
