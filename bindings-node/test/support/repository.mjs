import { resolve } from 'node:path'

/** Where the repository is: the tests also run from a project that has but the package. */
export const repository = process.env.REPOSITORY ?? resolve(import.meta.dirname, '../../..')
