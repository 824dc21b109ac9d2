import { accessSync, constants } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

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
export const noBrowser: string | null = reason()

function reason(): string | null {
  try {
    accessSync(CHROMIUM, constants.X_OK)
    return null
  } catch {
    return `no ${CHROMIUM} here: install the package chromium`
  }
}

/** A Chromium without a window. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
}
