import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  // Yoga and graphql-tools load graphql as CommonJS; a second copy of it would make every operation fail.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // The last line says which MongoDB, if any, the adapter was run against.
    reporters: ['default', './test/support/mongo-reporter.ts'],
    globalSetup: ['test/support/global-setup.ts'],
  },
})
export default config
