import { execFileSync } from 'node:child_process'

/** Compiles src once before all tests: those that start the real server run what users run. */
export default function setup(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' })
}
