/** The flags of `tidemark start`, each with its environment variable and a placeholder for its value. */
const FLAGS = [
  { name: 'port', variable: 'PORT', value: ' <number>' },
  { name: 'host', variable: 'HOST', value: ' <address>' },
  { name: 'insecure', variable: 'TIDEMARK_INSECURE', value: '' },
  { name: 'data', variable: 'TIDEMARK_DATA', value: ' <directory>' },
  { name: 'mongodb', variable: 'MONGODB_URL', value: ' <url>' },
  { name: 'cors', variable: 'TIDEMARK_CORS', value: ' <origins>' },
  { name: 'empty', variable: 'TIDEMARK_EMPTY', value: '' },
  { name: 'memory', variable: '', value: '' },
] as const

type Flag = (typeof FLAGS)[number]

type NpmEnvironment = Readonly<Record<string, string | undefined>>

/** Whether `npm start` started this process. */
export function belowNpm(env: NpmEnvironment): boolean {
  return env['npm_lifecycle_event'] === 'start'
}

/**
 * The advice for `npm start --port 8080`, or null when no flag is misplaced. Without a `--` before it npm treats a flag
 * as its own: it sets `npm_config_port=8080` for `--port=8080`, and `npm_config_port=true` with 8080 as a bare argument
 * for `--port 8080` (npm 10 and 11). Flags that are also set by variable or after `--` are ignored.
 */
export function misplacedFlags(args: readonly string[], env: NpmEnvironment): string | null {
  if (!belowNpm(env) || args[0] !== 'start') return null
  const misplaced = FLAGS.filter(
    (flag) => isSet(env[`npm_config_${flag.name}`]) && !isSet(env[flag.variable]) && !isGiven(flag, args),
  )
  if (misplaced.length === 0) return null
  const bare = args.slice(1).filter((arg) => !arg.startsWith('-'))
  const flags = misplaced.map((flag) => `--${flag.name}${valueOf(flag, env, misplaced.length === 1 ? bare : [])}`)
  return (
    `Without two dashes npm keeps ${misplaced.map(({ name }) => `--${name}`).join(' and ')} for itself: ` +
    `write npm start -- ${flags.join(' ')}`
  )
}

const isSet = (text: string | undefined): boolean => text !== undefined && text !== ''

const isGiven = ({ name }: Flag, args: readonly string[]): boolean =>
  args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`))

/**
 * The value of a flag, as far as npm left it; a bare argument belongs to a flag only when there is one of each. Never
 * the URL of a database, which may contain a password.
 */
function valueOf({ name, value }: Flag, env: NpmEnvironment, bare: readonly string[]): string {
  const npmValue = env[`npm_config_${name}`]
  if (value === '' || name === 'mongodb') return value
  if (npmValue !== 'true') return ` ${npmValue}`
  return bare.length === 1 ? ` ${bare[0]}` : value
}
