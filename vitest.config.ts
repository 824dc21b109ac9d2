import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** What is about seconds has the machine to itself, after all others. */
const ALONE = ['test/mongo/{processes,servers-load}.mongo.test.ts']

/** Tests of operations, which are run without a plugin and with one. */
const ENVELOPED = [
  'test/graphql/*.test.ts',
  'test/server/{audits,checked-once,clients,delivery,ephemeral,errors,http,ids,interrupt,resume,sockets}.test.ts',
]

const config: ViteUserConfig = defineConfig({
  // Yoga and graphql-tools load graphql as CommonJS; a second copy of it would make every operation fail.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // The last line says which MongoDB, if any, the adapter was run against.
    reporters: ['default', './test/support/mongo/reporter.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/seed-setup.ts'],
    projects: [
      {
        extends: true,
        test: { name: 'together', include: ['test/**/*.test.ts'], exclude: ALONE, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        // Each operation through Yoga's envelop, beside a plugin with all hooks.
        test: {
          name: 'envelop',
          include: ENVELOPED,
          env: { TIDEMARK_TEST_ENVELOP: '1' },
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE, sequence: { groupOrder: 1 } } },
    ],
  },
})
export default config
