/**
 * Headers of the playground's page: it may run what it brings along (its script and styles are inline, its workers
 * and fonts are blobs and data), talk to this server, and nothing else; no other page may frame it.
 */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    `default-src 'none'`,
    `script-src 'unsafe-inline' blob:`,
    `worker-src blob:`,
    `style-src 'unsafe-inline'`,
    `img-src 'self' data:`,
    `font-src data:`,
    `connect-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
}
