// Starts the real server and a real browser, and gives the page a microphone that the test speaks into.

import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { installProbe } from './probe.mjs';

export const PATIENCE_MS = 30_000;

const CHROMIUM = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required',
];
// The tests are about the server without keys, whoever runs them.
const KEYLESS = Object.fromEntries(
  ['DEEPGRAM', 'GROQ', 'CARTESIA', 'TAVILY', 'OPENAI'].map(name => [`${name}_API_KEY`, '']));
// A machine that is busy with browsers and compilers is no overload of the server.
const UNHURRIED = { MAX_LATE_MS: '0', MAX_CPU_PERCENT: '0' };

const folder = mkdtempSync(join(tmpdir(), 'voice-agent-browser-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Runs the server with these settings; `stop()` kills it at once, `startAgain()` brings it back on the same port. */
export async function startServer(settings = {}) {
  const binary = process.env.AGENT_SERVER_BIN;
  if (!binary) throw new Error('AGENT_SERVER_BIN must name the agent-server binary');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child;
  let log = '';

  async function startAgain() {
    child = spawn(binary, [], {
      cwd: folder,   // no agent.toml or .env of the developer's
      env: { ...process.env, ...KEYLESS, ...UNHURRIED, ...settings, HOST: '127.0.0.1', PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = data => { log = (log + data).slice(-20_000); };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const deadline = Date.now() + PATIENCE_MS;
    while (!await alive(url)) {
      if (child.exitCode !== null) throw new Error(`the server exited with code ${child.exitCode}:\n${log}`);
      if (Date.now() > deadline) throw new Error(`the server did not come up:\n${log}`);
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }

  async function stop() {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  await startAgain();
  return { url, stop, startAgain, get log() { return log; } };
}

async function alive(url) {
  try {
    return (await fetch(`${url}/healthz`)).ok;
  } catch {
    return false;
  }
}

/** A browser with a fresh profile. `microphoneFile`: a WAV that Chromium's own fake device plays once. */
export function startBrowser({ microphoneFile } = {}) {
  const fakeDevice = microphoneFile ? [
    '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-audio-capture=${microphoneFile}%noloop`,
  ] : [];
  return chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...fakeDevice] });
}

/** Opens the page. `microphone`: 'test' (spoken into with say), 'denied', or 'device' for what the browser has. */
export async function openPage(browser, url, { microphone = 'test', ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.problems = [];
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) page.problems.push(message.text());
  });
  page.on('pageerror', error => page.problems.push(String(error)));
  await page.addInitScript(installProbe, microphone);
  await page.goto(url);
  return page;
}

const spoken = new Map();

/** The path of a WAV in which a voice says `text`. */
export function recording(text) {
  if (!spoken.has(text)) {
    const file = join(folder, `${text.replaceAll(/\W+/g, '-')}.wav`);
    execFileSync('flite', ['-voice', 'slt', '-t', text, file]);
    spoken.set(text, file);
  }
  return spoken.get(text);
}

/** The same with silence in front: Chromium loses the first moments of a fake device's file. */
export function paddedRecording(text, seconds) {
  const wav = readFileSync(recording(text));
  const data = wav.indexOf('data') + 8;
  const rate = wav.readUInt32LE(24);
  const silence = Buffer.alloc(2 * rate * seconds);
  const header = Buffer.from(wav.subarray(0, data));
  header.writeUInt32LE(header.readUInt32LE(4) + silence.length, 4);
  header.writeUInt32LE(wav.length - data + silence.length, data - 4);
  const file = join(folder, 'padded.wav');
  writeFileSync(file, Buffer.concat([header, silence, wav.subarray(data)]));
  return file;
}

/** Speaks into the page's microphone; resolves to the moment of the first sound, in the page's clock. */
export function say(page, text) {
  return page.evaluate(wav => window.probe.say(wav), readFileSync(recording(text)).toString('base64'));
}

export async function startTalking(page) {
  await page.click('#talk');
  await page.waitForSelector('body[data-microphone="on"][data-connection="open"]');
}

/** Waits until the loudspeaker has been sounding for `seconds`, counted from `since` in the page's clock. */
export function waitForSound(page, { seconds = 0.3, since = 0 } = {}) {
  return page.waitForFunction(([seconds, since]) => window.probe.soundSince(since) >= seconds, [seconds, since], { polling: 50 });
}

export function waitForFrame(page, match) {
  return page.waitForFunction(match => window.probe.find(match), match, { polling: 20 }).then(handle => handle.jsonValue());
}

export function now(page) {
  return page.evaluate(() => performance.now());
}
