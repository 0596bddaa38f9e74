// Makes what is published, a folder each: the package itself, and one for the native part of each platform, of which npm
// installs the one that fits. node scripts/packages.mjs [--out FOLDER]
//
// The native parts are those in `native`, where `native.mjs --target …` puts them; a platform whose part is not there gets
// its folder all the same, and is told to be without.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nativeName, TARGETS } from './platform.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'npm') } } })
const { scripts: _, devDependencies: __, ...face } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

function write(name, manifest, files) {
  const folder = join(values.out, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [from, to] of files) cpSync(from, join(folder, to), { recursive: true })
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}

/** The package of a platform's native part; tells its name. */
function platformPackage(target, platform) {
  const [os, cpu, libc] = platform.split('-')
  const name = `${face.name}-${platform}`
  const file = nativeName(target)
  const built = join(root, 'native', file)
  const manifest = {
    name,
    version: face.version,
    description: `The native part of ${face.name} for ${platform}`,
    license: face.license,
    engines: face.engines,
    os: [os],
    cpu: [cpu],
    // npm's word for GNU's C library.
    ...(libc === 'gnu' ? { libc: ['glibc'] } : {}),
    main: file,
    files: [file],
  }
  const isBuilt = existsSync(built)
  write(name, manifest, isBuilt ? [[built, file]] : [])
  console.log(`${name}${isBuilt ? '' : ': the native part is not built here'}`)
  return name
}

const names = Object.entries(TARGETS).map(([target, platform]) => platformPackage(target, platform))
const manifest = {
  ...face,
  files: face.files.filter((file) => file !== 'native'),
  optionalDependencies: Object.fromEntries(names.map((name) => [name, face.version])),
}
write(face.name, manifest, [[join(root, 'dist'), 'dist'], [join(root, 'README.md'), 'README.md']])
console.log(face.name)
