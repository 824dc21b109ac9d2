import type { CommanderError } from 'commander'

/** Codes of commander for an end that is none of an error. */
const FINE = new Set(['commander.helpDisplayed', 'commander.version'])

/** A sentence about a wrong command line; null: nothing is wrong, as help or the version was asked for. */
export function commandLineProblem({ code, message }: CommanderError): string | null {
  if (FINE.has(code)) return null
  const [, hint] = /\(Did you mean (?:one of )?(.*?)\?\)/s.exec(message) ?? []
  const [, name = ''] = /'([^']*)'/.exec(message) ?? []
  const remedy = hint === undefined ? `tidemark --help lists all there is.` : `Did you mean ${hint}?`
  switch (code) {
    case 'commander.unknownCommand':
      return `There is no command ${name}. ${remedy}`
    case 'commander.unknownOption':
      return hint === undefined
        ? `There is no option ${name}: add --help for those there are.`
        : `There is no option ${name}. ${remedy}`
    case 'commander.missingArgument':
      return `The argument <${name}> is missing: add --help for examples.`
    case 'commander.optionMissingArgument':
      return `A value is missing behind ${name}: add --help for examples.`
    case 'commander.excessArguments':
      return 'There are too many arguments: JSON and expressions with spaces need quotes. Add --help for examples.'
    default:
      return `${message.replace(/^error: /, '')}: add --help for examples.`
  }
}
