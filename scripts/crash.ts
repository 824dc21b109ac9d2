import { crash, type CrashReport } from '../test/support/writers/crash.ts'
import build from '../test/support/global-setup.ts'

const [cyclesText = '1000', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2)
const cycles = Number(cyclesText)

function show({ cycles: done, acknowledged, retried, survived }: CrashReport): void {
  if (process.stderr.isTTY) {
    process.stderr.write(
      `\r${done}/${cycles} kills, ${acknowledged} writes acknowledged, ${retried} retried, ${survived} ` +
        'of them had survived ',
    )
  }
}

if (!Number.isSafeInteger(cycles) || cycles < 1) {
  console.error(`${JSON.stringify(cyclesText)} is no number of cycles: npm run test:crash -- 1000`)
  process.exit(2)
}
build()
const report = await crash({ cycles, seed: Number(seed), onCycle: show })
if (process.stderr.isTTY) process.stderr.write('\n')
console.log(JSON.stringify({ seed: Number(seed), ...report }))
if (report.violations.length > 0) process.exitCode = 1
