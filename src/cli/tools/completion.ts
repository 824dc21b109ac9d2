import { pathsAfter } from '../../client/repl/path-completion.ts'
import type { CompletedWords } from '../commands/completed-words.ts'
import { withClient } from '../run/client.ts'
import { readContexts } from '../run/contexts.ts'
import { badUsage } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'

/** Each asks `tidemark completion --words` for the words that fit; nothing is shown where that fails. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_tidemark() {
  local IFS=$'\\n' word=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=($(tidemark completion --words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [[ \${COMPREPLY[0]} == */ ]] && compopt -o nospace
}
complete -o default -F _tidemark tidemark
`,
  zsh: `#compdef tidemark
_tidemark() {
  local -a found
  found=("\${(@f)$(tidemark completion --words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -S '' -- $found
}
compdef _tidemark tidemark
`,
  fish: `function __tidemark_words
  set -l words (commandline -opc) (commandline -ct)
  tidemark completion --words -- $words[2..] 2>/dev/null
end
complete -c tidemark -f -a '(__tidemark_words)'
`,
}

interface CompletionFlags {
  readonly words?: boolean | undefined
}

/** Answers later than this are of no use to a person who types, ms. */
const ANSWER_MS = 1_500
const MOST_WORDS = 100

/** `tidemark completion`: a shell's script; with `--words`, what may stand in the place of the last argument. */
export async function runCompletion(given: Invocation<CompletionFlags>): Promise<void> {
  const { args, flags } = given
  if (flags.words === true) return printWords(given)
  const script = SCRIPTS[args[0] ?? '']
  if (script === undefined) throw badUsage('Name a shell: tidemark completion bash, zsh or fish.')
  process.stdout.write(script)
}

async function printWords(given: Invocation<CompletionFlags>): Promise<void> {
  const last = given.args.at(-1) ?? ''
  const { completedWords } = await import('../commands/completed-words.ts')
  const { words, also } = completedWords(given.args)
  const found = [...words, ...(await further(also, last, given))]
  const fitting = found.filter((word) => word.startsWith(last)).slice(0, MOST_WORDS)
  process.stdout.write(fitting.map((word) => `${word}\n`).join(''))
}

async function further(kind: CompletedWords['also'], word: string, given: Invocation): Promise<readonly string[]> {
  if (kind === null) return []
  if (kind === 'paths') return pathsFrom(word, given)
  return readContexts(given.env).then(
    ({ contexts }) => Object.keys(contexts),
    () => [],
  )
}

/** Paths that begin as the word does; none where no server answers. */
async function pathsFrom(word: string, given: Invocation): Promise<readonly string[]> {
  const signal = AbortSignal.any([given.signal, AbortSignal.timeout(ANSWER_MS)])
  return withClient(given, (db) => pathsAfter(db, word, { first: MOST_WORDS, signal })).catch(() => [])
}
