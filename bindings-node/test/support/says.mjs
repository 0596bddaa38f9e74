// What the stages of a scripted conversation say, interpreted in JavaScript. The script holds it as data; the core has the
// same in Rust, and a stage of either gives the same log.
import { errors } from './errors.mjs'

function failure({ kind, message }) {
  const Kind = errors[kind]
  return new Kind(message)
}

/** Characters as everybody counts them: JavaScript's own length counts halves of some. */
const count = (text) => [...text].length

export class ScriptedLlm {
  constructor(says) {
    this.says = says
  }

  async *generate(request) {
    if (request.purpose === 'summary') {
      if (this.says.summary) yield this.says.summary
      return
    }
    const newest = request.messages.findLastIndex(({ role }) => role === 'user')
    const user = request.messages[newest]?.text ?? ''
    const rounds = request.messages.slice(newest + 1).filter(({ role }) => role === 'tools')
    const fits = ({ to = '', round = 0 }) => user.includes(to) && round === rounds.length
    const answer = this.says.answers.find(fits)
    if (answer === undefined) return
    const results = rounds.flatMap(({ calls }) => calls.map(({ result }) => result)).join('; ')
    const filled = (piece) =>
      piece
        .replaceAll('{user}', () => user)
        .replaceAll('{context}', () => request.context ?? '')
        .replaceAll('{instructions}', () => request.instructions ?? '')
        .replaceAll('{results}', () => results)
    for (const piece of (answer.says ?? '').split('|')) if (piece !== '') yield filled(piece)
    for (const call of answer.calls ?? []) yield { type: 'tool_call', ...call }
    if (answer.fails) throw failure(answer.fails)
  }
}

export class ScriptedTts {
  constructor(says) {
    this.says = says
    this.sampleRate = says.sample_rate ?? 16_000
    this.perCharacterMs = says.per_character_ms ?? 60
  }

  async *synthesize(text, { turn }) {
    const { fails, timed } = this.says
    for await (const item of text) {
      if (item.type !== 'text') continue
      const { sentence } = item
      if (fails?.sentence === sentence && (fails.turn ?? turn) === turn) throw failure(fails.error)
      if (timed) yield { type: 'words', sentence, words: this.words(item.text) }
      const samples = Math.floor((count(item.text) * this.perCharacterMs * this.sampleRate) / 1_000)
      const piece = Math.max(Math.floor(this.sampleRate / 5), 1)
      for (let start = 0; start < samples; start += piece) {
        yield { type: 'audio', sentence, pcm: new Int16Array(Math.min(piece, samples - start)).fill(turn) }
      }
      yield { type: 'sentence_end', sentence }
    }
  }

  words(text) {
    let at = 0
    return text.split(' ').flatMap((word) => {
      const [start, end] = [at, at + count(word)]
      at = end + 1
      return word === '' ? [] : [{ word, start_ms: start * this.perCharacterMs, end_ms: end * this.perCharacterMs }]
    })
  }
}

/** Stands for a tool: the script describes it itself. */
export class ScriptedTool {
  constructor(says) {
    this.says = says
    this.name = says.spec.name
    this.call = async (args) => {
      if (says.fails) throw failure(says.fails)
      const strings = Object.entries(args ?? {}).filter(([, value]) => typeof value === 'string')
      const fill = (text, [name, value]) => text.replaceAll(`{${name}}`, () => value)
      return { text: strings.reduce(fill, says.says ?? ''), sources: [] }
    }
  }
}

/** The stages that a script leaves to its host. */
export function stages({ foreign = [], llm, tts, tools = [] }) {
  return {
    llm: foreign.includes('llm') && llm ? new ScriptedLlm(llm.says) : undefined,
    tts: foreign.includes('tts') && tts ? new ScriptedTts(tts.says) : undefined,
    tools: foreign.includes('tools') ? tools.map(({ says }) => new ScriptedTool(says)) : undefined,
  }
}
