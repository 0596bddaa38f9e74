/** What an energy VAD takes for speech: so many ms of noise at 16 kHz, the same each time. */
export function spoken(ms) {
  let seed = 1
  return Int16Array.from({ length: ms * 16 }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return (seed / 2 ** 32 - 0.5) * 16_000
  })
}
