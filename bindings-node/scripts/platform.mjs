// How the native part of a platform is called.

/** Every platform there is a native part for, by cargo's name of it. */
export const TARGETS = {
  'x86_64-unknown-linux-gnu': 'linux-x64-gnu',
  'aarch64-unknown-linux-gnu': 'linux-arm64-gnu',
  'x86_64-apple-darwin': 'darwin-x64',
  'aarch64-apple-darwin': 'darwin-arm64',
  'x86_64-pc-windows-msvc': 'win32-x64',
}

/** The platform this runs on. */
export function thisPlatform() {
  const libc = process.platform === 'linux' ? '-gnu' : ''
  return `${process.platform}-${process.arch}${libc}`
}

export function nativeName(target) {
  const platform = target ? TARGETS[target] : thisPlatform()
  if (!platform) throw new Error(`there is no build for ${target}: there are ${Object.keys(TARGETS).join(', ')}`)
  return `voice-agent.${platform}.node`
}
