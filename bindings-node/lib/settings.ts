/** Settings of an agent, each with a default; docs/conversation.md tells what they do. Times are in ms. */
export interface AgentSettings {
  /** How the agent is to behave. */
  instructions?: string
  /** What it is to know at the start. */
  context?: string
  /** Spoken at the start, as turn 0. */
  greeting?: string
  /** Whose words interrupt, as `en` or `de-AT`; of all languages known unless given. */
  language?: string
  /** Silence that ends a turn, however complete it sounds. */
  endpointingMs?: number
  /** How far playout may run ahead of the listener. */
  playoutAheadMs?: number
  /** Audio of one reply that may wait for playout. */
  playoutQueueMs?: number
  /** Microphone audio that may be ahead of real time. */
  maxAheadMs?: number
  /** Whether the VAD hears the denoised audio instead of the microphone. */
  denoiseBeforeVad?: boolean
  /** What counts as speech. */
  speech?: SpeechSettings
  /** Turn-taking. */
  conversation?: ConversationSettings
}

export interface SpeechSettings {
  threshold?: number
  exitThreshold?: number
  minSpeechMs?: number
  pauseThreshold?: number
  pauseMs?: number
  minSilenceMs?: number
  prefixPaddingMs?: number
  noiseDrop?: number
  voicesMarginDb?: number
  agentRise?: number
}

export interface ConversationSettings {
  /** When a pause ends the turn. */
  endpointing?: {
    completeMs?: number
    minMs?: number
    maxMs?: number
    completePercent?: number
    textCues?: boolean
    learnPauses?: boolean
  }
  /** When an answer is prepared before the turn has ended. */
  speculation?: {
    maxTries?: number
    discardedPercent?: number
    eagerPercent?: number
    heldMs?: number
    sentences?: number
  }
  /** What stops the agent while it speaks. */
  interruption?: {
    minSpeechMs?: number
    minWords?: number
    wordsMs?: number
    holdMs?: number
    falseAlarmMs?: number
    protectGreeting?: boolean
    language?: string | null
    backChannels?: string[] | null
    stopWords?: string[] | null
  }
  /** How tools are used. */
  tools?: {
    maxRounds?: number
    maxCalls?: number
    resultChars?: number
    filler?: string | null
    fillerMs?: number
  }
  /** How much of the conversation the language model is told again. */
  memory?: {
    maxTokens?: number
    olderTurns?: 'summarise' | 'drop'
    summarisePercent?: number
    keepPercent?: number
    summaryTokens?: number
    summaryTimeoutMs?: number
  }
  transcriptTimeoutMs?: number
  llmTimeoutMs?: number
  ttsTimeoutMs?: number
  heardReportMs?: number
  detachedMs?: number
  textOnly?: boolean
  greeting?: string | null
  unclearReply?: string | null
  unheardReply?: string | null
  brokenOff?: string | null
  apology?: string | null
  sayQueue?: number
}
