import type { OptionText } from './command.ts'

export const DATA: OptionText = ['--data <directory>', 'where the data lies (TIDEMARK_DATA; default .tidemark)']
export const AS_OF: OptionText = ['--as-of <moment>', 'a time, a cursor or a version; default now']
export const DEPTH: OptionText = ['--depth <n>', 'levels of nested collections; default all']
export const WHERE: readonly OptionText[] = [
  ['--where <expression>', 'only what fits, as in value.likes > params.min (CEL)'],
  ['--params <json>', 'the values that the expression calls params'],
]
export const KEY: OptionText = ['--key <key>', 'idempotency key: the same write with it is done once']
export const EXPECT: readonly OptionText[] = [
  ['--if-version <n>', 'only while the document is at this version; else exit 4'],
  ['--if-absent', 'only while nothing is there; else exit 4'],
]
export const PERIOD: readonly OptionText[] = [
  ['--from <time>', '2026-11-26T09:30:00Z, 2026-11-26, 09:30 (today), or 15m (ago)'],
  ['--to <time>', 'until then'],
]
export const BODY = 'JSON, @file, or - for stdin'
export const PATH = 'such as posts/1, posts/1/title or posts'
export const BY: OptionText = ['--actor <name>', 'only what this actor wrote']
export const PATTERNS = "such as posts, 'posts/*/comments' or '*'"
