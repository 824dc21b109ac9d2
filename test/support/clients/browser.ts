import { accessSync, constants } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'
import { afterAll, beforeAll, describe } from 'vitest'

const CHROMIUM = '/usr/bin/chromium'

/** No services of its maker, no sandbox (root has none) and no graphics: only the pages that a test opens. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A page that a test fulfils has no address, from which Chromium would let it reach no server of this machine.
  '--disable-features=LocalNetworkAccessChecks',
]

/** Why there is no browser here; null when there is one. */
const noBrowser: string | null = reason()

function reason(): string | null {
  try {
    accessSync(CHROMIUM, constants.X_OK)
    return null
  } catch {
    return `no ${CHROMIUM} here: install the package chromium`
  }
}

/** Tests in one Chromium without a window; skipped, with the reason in their name, where there is none. */
export function describeInChromium(name: string, tests: (browser: () => Browser) => void): void {
  const suite = noBrowser === null ? name : `${name} (skipped: ${noBrowser})`
  describe.skipIf(noBrowser !== null)(suite, { timeout: 90_000 }, () => {
    let browser: Browser
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
    }, 60_000)
    afterAll(() => browser.close())
    tests(() => browser)
  })
}
