import { relative } from 'node:path'
import { styleText } from 'node:util'
import type { Config } from '../../server/config/config.ts'
import { dataOf } from '../../server/config/config.ts'
import { packageVersion } from '../../server/config/package-version.ts'
import { ROUTES } from '../../server/http/http-server.ts'

/** Where the pages of a server are. */
interface Links {
  readonly url: string
  readonly demo: string
  readonly console: string
  readonly graphql: string
  readonly playground: string
}

/** The links of the server at `url`, with the name that people type for a loopback address. */
export function linksOf(url: string): Links {
  return {
    url,
    demo: url + ROUTES.demo,
    console: url + ROUTES.console,
    graphql: url + ROUTES.graphql,
    playground: url + ROUTES.playground,
  }
}

/** The links as people read them: `localhost` is shorter than 127.0.0.1, and the same here. */
export function shownLinks(url: string): Links {
  return linksOf(url.replace('//127.0.0.1:', '//localhost:'))
}

interface BoxFacts {
  readonly config: Config
  readonly url: string
  /** Whether other machines reach the server, which the log warns of. */
  readonly isPublic: boolean
  /** Whether this start wrote what the demo begins with. */
  readonly isSeeded: boolean
  readonly readyMs: number
  /** Whether keys are read. */
  readonly hasKeys: boolean
  readonly hasColors: boolean
}

/** The text that `tidemark start` prints on a terminal. */
export function startBox({ config, url, isPublic, isSeeded, readyMs, hasKeys, hasColors }: BoxFacts): string {
  const { demo, console: consolePage, graphql } = shownLinks(url)
  const paint = (style: 'bold' | 'dim', text: string): string =>
    hasColors ? styleText(style, text, { validateStream: false }) : text
  const rows = [
    ['Demo', `${demo.padEnd(graphql.length + 4)}${paint('dim', 'open it in two windows')}`],
    ['Console', consolePage],
    ['GraphQL', graphql],
    ['Data', shownData(config) + (isSeeded ? paint('dim', seedHint(config)) : '')],
    ['Access', isPublic ? 'open to other machines, without rights' : 'open, this machine only'],
  ]
  const seconds = (readyMs / 1000).toFixed(1)
  return [
    `  ${paint('bold', 'tidemark')} ${packageVersion()}   ready in ${seconds} s`,
    '',
    ...rows.map(([name = '', text = '']) => `  ${paint('dim', name.padEnd(7))}  ${text}`),
    '',
    ...(hasKeys ? [`  ${paint('bold', 'o')} opens the demo, ${paint('bold', 'q')} stops.`, ''] : []),
  ].join('\n')
}

/** A directory below this one relative to it; every other one as it is. */
export function shownData(config: Config): string {
  if (config.memory === true) return 'in memory, and gone at the end'
  const data = dataOf(config)
  if (config.mongodb !== undefined) return data
  const path = relative(process.cwd(), data)
  return path === '' || path.startsWith('..') ? data : path
}

function seedHint({ memory }: Config): string {
  return `   3 posts to play with (--empty: none${memory === true ? '' : ', --memory: keep nothing'})`
}
