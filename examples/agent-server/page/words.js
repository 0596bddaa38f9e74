// What the page says when something is not as it should be.

const MICROPHONE = {
  NotAllowedError: ['The microphone is not allowed.', 'Allow it for this site in the browser’s address bar, then press the button again. You can type meanwhile.'],
  NotFoundError: ['No microphone found.', 'Plug one in and press the button again. You can type meanwhile.'],
  OverconstrainedError: ['That microphone is gone.', 'Choose another one under “Audio devices”, or use the system default.'],
  NotReadableError: ['The microphone is busy.', 'Another program may be holding it. Close that one, or choose another microphone, and press the button again.'],
  InsecureContextError: ['The browser keeps the microphone from this page.', 'It gives it only to secure pages: open this one over https, or on localhost. You can type meanwhile.'],
};

export function microphoneProblem(error) {
  const [title, text] = MICROPHONE[error.name] ?? ['The microphone did not start.', `${error.message || error.name}. You can type meanwhile.`];
  return { title, text };
}

const ERRORS = {
  engine_missing: 'A part of the agent is not installed.',
  provider: 'One of the agent’s services failed.',
  draining: 'The server is about to restart.',
  overrun: 'The microphone runs ahead of the conversation.',
};

export function serverError({ code, message, stage, fatal, provider }) {
  const stageName = { stt: 'speech recognition', llm: 'the language model', tts: 'the voice' }[stage];
  if (code === 'bad_value' && message?.startsWith('`resume`')) {
    return { kind: 'info', title: 'The server did not know the conversation any more.', text: 'This is a new one.' };
  }
  if (provider) return { kind: 'info', title: `${provider} failed; another service took over.`, text: message || '' };
  return {
    kind: fatal || code === 'engine_missing' || code === 'provider' ? 'problem' : 'info',
    title: code === 'provider' && stageName ? `Trouble with ${stageName}.` : ERRORS[code] ?? 'The server did not take that.',
    text: message || code || '',
  };
}

const FAREWELLS = {
  end: ['The conversation has ended.', 'Its history has been erased.'],
  deleted: ['The operator ended this conversation.', 'Its history has been erased.'],
  idle: ['The conversation ended because nothing was said for a while.', ''],
  limit: ['This conversation has reached the server’s limit.', ''],
  fatal: ['The conversation cannot go on.', ''],
};

export function farewell(reason) {
  const [title, text] = FAREWELLS[reason] ?? ['The conversation has ended.', ''];
  return { kind: 'info', title, text };
}

const WAITS = {
  full: ['The server is full', 'A place becomes free when somebody hangs up.'],
  overloaded: ['The server has too much to do', 'It goes on with those who are talking.'],
  token: ['The server wants a valid token', 'Open this page by a link that has one after “#token=”.'],
};

/** What is said while the page waits for its next try; `seconds` until then. */
export function waiting(reason, seconds) {
  if (WAITS[reason]) {
    const [title, text] = WAITS[reason];
    return { kind: 'info', title: `${title}, trying again in ${seconds} s.`, text };
  }
  if (reason) return { kind: 'info', title: 'The server is restarting.', text: 'The conversation goes on in a moment.' };
  return {
    title: 'The server cannot be reached.',
    text: 'Trying again by itself; the conversation goes on from where it was if the server still knows it.',
  };
}

export function stateWords({ connection, state, microphone, hearing }) {
  if (connection === 'connecting') return 'Connecting';
  if (connection === 'waiting') return 'Reconnecting';
  if (microphone === 'starting') return 'Starting the microphone';
  if (state === 'thinking') return 'Thinking';
  if (state === 'speaking') return 'Speaking';
  if (microphone === 'on') return hearing ? 'Hearing you' : 'Listening';
  return connection === 'open' ? 'Microphone off' : 'Press to talk';
}
