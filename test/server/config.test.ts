import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { BOUNDS, readConfig, StartError } from '../../src/server/config/config.ts'

test('without flags a server is local, on port 4747, and keeps its data in the working directory', () => {
  expect(readConfig({}, {})).toEqual({
    host: '127.0.0.1',
    insecure: false,
    port: 4747,
    directory: resolve('.tidemark'),
    cors: [],
    logLevel: 'info',
    bounds: BOUNDS,
  })
})

test('the environment counts unless a flag says otherwise; an empty variable counts as none', () => {
  const env = {
    HOST: '0.0.0.0',
    PORT: '80',
    TIDEMARK_DATA: '/data',
    TIDEMARK_CORS: 'http://a.example, http://b.example:8080',
    TIDEMARK_LOG: '',
  }
  const fromEnv = readConfig({}, env)
  expect(fromEnv).toMatchObject({
    host: '0.0.0.0',
    port: 80,
    directory: '/data',
    cors: ['http://a.example', 'http://b.example:8080'],
    logLevel: 'info',
  })
  expect(readConfig({ host: '::1', port: '0', data: '/other', cors: '*' }, env)).toMatchObject({
    host: '::1',
    port: 0,
    directory: '/other',
    cors: ['*'],
  })
})

test.each([
  { PORT: '65536' },
  { PORT: '1e3' },
  { PORT: ' 1' },
  { TIDEMARK_CORS: 'example.com' },
  { TIDEMARK_CORS: 'http://a.example/' },
  { TIDEMARK_LOG: 'trace me' },
])('%o is refused', (env) => {
  expect(() => readConfig({}, env)).toThrow(StartError)
})
