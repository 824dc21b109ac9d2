#!/usr/bin/env node
// In words that an old Node can read, so that it can say what it needs.
var parts = process.versions.node.split('.')
if (Number(parts[0]) < 20 || (Number(parts[0]) === 20 && Number(parts[1]) < 19)) {
  process.stderr.write(
    'tidemark needs Node.js 20.19 or newer, and this is ' +
      process.versions.node +
      ': install a newer one from https://nodejs.org.\n',
  )
  process.exit(1)
}
// Libraries check less of what a developer may have got wrong, and are faster.
process.env.NODE_ENV = process.env.NODE_ENV || 'production'
import('../dist/cli/bundle/main.js').catch(function (error) {
  process.stderr.write(
    error.code === 'ERR_MODULE_NOT_FOUND'
      ? 'tidemark is not complete here: run npm ci, which also builds it.\n'
      : error.stack + '\n',
  )
  process.exit(1)
})
